import { decodePem, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { refused } from './errors.ts'
import type { Pem } from './material.ts'
import { parseCertificate } from './check/parsed-certificate.ts'
import type { ParsedCertificate } from './check/parsed-certificate.ts'

/** Every certificate of a PEM text, in order. @throws MTLS_ERR_CREDENTIALS_REFUSED */
export function readCertificates (text: Pem, where: string): ParsedCertificate[] {
  if (text.length === 0) throw refused('unreadable', where, 'found nothing (an empty file or text); expected PEM certificates')
  if (typeof text !== 'string' && text[0] === 0x30) throw refused('unreadable', where, 'found DER; expected PEM certificates')
  return decode(text, where).map((der, index) => readCertificate(der, `${where}, certificate ${index + 1}`))
}

/**
 * One certificate, read by our own parser and, as a second opinion, by OpenSSL.
 *
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
export function readCertificate (der: Uint8Array, where: string): ParsedCertificate {
  try {
    const identity: PeerIdentity = parsePeerIdentity(der)
    return parseCertificate(identity)
  } catch (error) {
    throw refused('unreadable', where, `found no X.509 certificate: ${(error as Error).message}`, error)
  }
}

function decode (text: Pem, where: string): Uint8Array[] {
  try {
    return decodePem(text)
  } catch (error) {
    throw refused('unreadable', where, (error as Error).message, error)
  }
}
