import { X509Certificate } from 'node:crypto'

const BLOCKS = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g

/** The certificates of a text, each as PEM with a line break at its end. None if one of them cannot be read. */
export function readCertificates (text: string): readonly string[] {
  try {
    return [...text.matchAll(BLOCKS)].map(([block]) => new X509Certificate(block).toString())
  } catch {
    return []
  }
}
