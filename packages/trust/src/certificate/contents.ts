import { DerReader, TAG } from '@peerkit/identity/der'
import { EXTENSION } from '@peerkit/identity/x509'
import type { CertificateFields } from '@peerkit/identity/x509'

/** Longer identifiers are ignored, to bound the cost of a hint. Most are a SHA-1 of 20 octets. */
const MAX_OCTETS = 64

/** The subjectKeyIdentifier (RFC 5280 section 4.2.1.2) as a string; undefined if it is missing or malformed. */
export function readSubjectKeyId ({ extensions }: CertificateFields): string | undefined {
  const value = extensions.get(EXTENSION.subjectKeyIdentifier)?.value
  return value === undefined ? undefined : readOctets(() => new DerReader(value), TAG.octetString)
}

/**
 * The keyIdentifier of authorityKeyIdentifier (section 4.2.1.1) as a string; undefined if it is missing or malformed.
 */
export function readAuthorityKeyId ({ extensions }: CertificateFields): string | undefined {
  const value = extensions.get(EXTENSION.authorityKeyIdentifier)?.value
  return value === undefined ? undefined : readOctets(() => new DerReader(value).enter(TAG.sequence), 0x80)
}

function readOctets (open: () => DerReader, tag: number): string | undefined {
  try {
    const reader = open()
    const element = reader.optional(tag)
    if (element === undefined || element.end - element.contentStart > MAX_OCTETS) return undefined
    const { buffer, byteOffset, length } = reader.bytes
    return Buffer.from(buffer, byteOffset, length).toString('latin1', element.contentStart, element.end)
  } catch {
    // Malformed. The certificate is refused when its contents are read.
    return undefined
  }
}
