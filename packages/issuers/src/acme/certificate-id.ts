import { decodePem } from '@peerkit/identity'
import { DerReader, TAG } from '@peerkit/identity/der'
import { EXTENSION, readCertificate } from '@peerkit/identity/x509'

const KEY_IDENTIFIER = 0x80

/** What renewal information is about. */
export interface CertificateId {
  /** The identifier of RFC 9773 section 4.1. */
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
}

/**
 * Reads how an ACME server names a certificate (RFC 9773 section 4.1): the key identifier of its issuer, and its serial
 * number as it stands in the certificate.
 *
 * @param chain PEM, the certificate first
 * @returns undefined if it does not say which key issued it, or cannot be read
 */
export function certificateIdOf (chain: string): CertificateId | undefined {
  try {
    const [der = new Uint8Array()] = decodePem(chain, 'CERTIFICATE')
    const { extensions, serialNumber, notBefore, notAfter } = readCertificate(der)
    const value = extensions.get(EXTENSION.authorityKeyIdentifier)?.value
    if (value === undefined) return undefined
    const reader = new DerReader(value).enter(TAG.sequence)
    const key = reader.optional(KEY_IDENTIFIER)
    if (key === undefined) return undefined
    const issuer = Buffer.from(reader.bytes.subarray(key.contentStart, key.end)).toString('base64url')
    // The sign octet belongs to it: AIdlQyE for 87654321.
    const serial = Buffer.from(/^[89a-f]/.test(serialNumber) ? `00${serialNumber}` : serialNumber, 'hex')
    return { id: `${issuer}.${serial.toString('base64url')}`, notBefore, notAfter }
  } catch {
    return undefined
  }
}
