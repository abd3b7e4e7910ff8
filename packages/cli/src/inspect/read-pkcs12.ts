import { UsageError } from '../usage-error.ts'
import { isIssuedBy, readPresented } from '../describe-certificate.ts'
import type { ReadCertificate } from '../describe-certificate.ts'

/** What PKCS#12 holds. Keys are counted and never shown. */
export interface Pkcs12Content {
  /** The leaf first, if one is found. */
  readonly certificates: readonly ReadCertificate[]
  readonly keys: number
}

/** Reads PKCS#12 (RFC 7292), also one without a key, such as a trust store of Java. @throws UsageError */
export async function readPkcs12 (
  der: Uint8Array, passphrase: string | undefined, where: string
): Promise<Pkcs12Content> {
  // Loaded only where it is needed.
  const { readSafe } = await import('@peerkit/credentials/internal')
  try {
    const { certificates, keys } = readSafe(der, passphrase ?? '')
    return { certificates: arrange(certificates.map(readPresented)), keys: keys.length }
  } catch (error) {
    throw new UsageError(`${where}: ${describeProblem(error as Error, passphrase !== undefined)}`)
  }
}

function describeProblem (
  { code = '', message, reason }: Error & { code?: string, reason?: string }, hasPassphrase: boolean
): string {
  if (/^ERR_(OSSL|CRYPTO)/.test(code)) {
    return hasPassphrase
      ? 'found PKCS#12 that the passphrase does not decrypt; expected its passphrase in --passphrase-file'
      : 'found PKCS#12 with a passphrase; expected the passphrase in --passphrase-file'
  }
  if (reason === 'length_indefinite') {
    return 'found PKCS#12 in BER; expected DER, as openssl pkcs12 -export writes it'
  }
  const found = `found PKCS#12 that is damaged, or has an obsolete cipher such as RC2 (${message})`
  return `${found}; expected AES or 3DES, as openssl pkcs12 -export of OpenSSL 3 writes it`
}

/** PKCS#12 has no order: first a certificate that has issued none of the others, then its issuer, and so on. */
function arrange (certificates: readonly ReadCertificate[]): readonly ReadCertificate[] {
  const isIssuer = (one: ReadCertificate): boolean =>
    certificates.some((other) => other !== one && isIssuedBy(other.peer, one.peer))
  const left = new Set(certificates)
  const sorted: ReadCertificate[] = []
  let next = certificates.find((one) => !isIssuer(one)) ?? certificates[0]
  while (next !== undefined) {
    const current: ReadCertificate = next
    left.delete(current)
    sorted.push(current)
    next = [...left].find((other) => isIssuedBy(current.peer, other.peer)) ??
      [...left].find((one) => !isIssuer(one)) ?? [...left][0]
  }
  return sorted
}
