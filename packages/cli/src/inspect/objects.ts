import { decodePem } from '@peerkit/identity'
import { DerReader, TAG } from '@peerkit/identity/der'
import { UsageError } from '../command.ts'
import { isKey, readPem } from '../files/certificate-file.ts'
import { isIssuedBy, readPresented } from './certificate.ts'
import type { ReadCertificate } from './certificate.ts'

/** What a file may hold that `inspect` reads. */
export type Kind = 'certificate' | 'crl' | 'request' | 'ocsp' | 'pkcs12'

/** One object of a file. */
export interface Found {
  readonly kind: Kind
  readonly der: Uint8Array
}

/** What `inspect` says of one object that is no certificate. */
export interface Described {
  /** The key in `--json`. */
  readonly list: string
  readonly title: string
  /** For `--json`. */
  readonly data: object
  readonly text: string
}

/** What a file should have, for messages. */
export const EXPECTED = 'a certificate, a CRL, a certificate request, an OCSP response or PKCS#12, PEM or DER'

/** The labels of PEM blocks (RFC 7468). OpenSSL writes some of these under an older name too. */
const LABELS: Readonly<Record<string, Kind>> = {
  CERTIFICATE: 'certificate',
  'X509 CRL': 'crl',
  'CERTIFICATE REQUEST': 'request',
  'NEW CERTIFICATE REQUEST': 'request',
  'OCSP RESPONSE': 'ocsp',
  PKCS12: 'pkcs12'
}
/**
 * Finds what a file holds, PEM or DER. Blocks with keys are left out.
 *
 * @throws UsageError that has no content of the file: it may be a key
 */
export function recognize (bytes: Uint8Array, where: string): Found[] {
  const { text, labels } = readPem(bytes, where)
  const known = labels.filter((label) => Object.hasOwn(LABELS, label))
  if (known.length > 0) return known.flatMap((label) => decode(text, label, where))
  if (isKey(text, bytes)) {
    throw new UsageError(`${where}: found a private key, which is not shown; expected ${EXPECTED}`)
  }
  if (labels.length === 0 && bytes[0] === TAG.sequence) return [{ kind: recognizeDer(bytes), der: bytes }]
  const [other] = labels
  const found = bytes.length === 0
    ? 'an empty file'
    : other === undefined ? 'neither PEM nor DER' : `PEM of a ${other}`
  throw new UsageError(`${where}: found ${found}; expected ${EXPECTED}`)
}

function decode (text: string, label: string, where: string): Found[] {
  try {
    return decodePem(text, label).map((der) => ({ kind: LABELS[label] as Kind, der }))
  } catch (error) {
    throw new UsageError(`${where}: ${(error as Error).message}; expected ${EXPECTED}`)
  }
}

/** By the tags at the start. What is none of the others is read as a certificate, which says what is wrong. */
function recognizeDer (der: Uint8Array): Kind {
  // PKCS#12 of Java is BER with an indefinite length, which the reader below refuses.
  if (der[1] === 0x80) return 'pkcs12'
  try {
    const outer = new DerReader(der).enter(TAG.sequence)
    if (outer.peek() === TAG.enumerated) return 'ocsp'
    if (outer.peek() === TAG.integer) return 'pkcs12'
    const tbs = outer.enter(TAG.sequence)
    const hasVersion = tbs.optional(TAG.integer) !== undefined
    if (!hasVersion && tbs.peek() !== TAG.sequence) return 'certificate'
    // The algorithm and the issuer of a CRL; the subject and the key of a request.
    tbs.expect(TAG.sequence)
    tbs.expect(TAG.sequence)
    const third = tbs.peek()
    if (third === TAG.utcTime || third === TAG.generalizedTime) return 'crl'
    return hasVersion && (third === 0xa0 || third === -1) ? 'request' : 'certificate'
  } catch {
    return 'certificate'
  }
}

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
