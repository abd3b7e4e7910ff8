import { DerReader, TAG } from '@peerkit/identity/der'
import { EXTENSION } from '@peerkit/identity/x509'
import type { CertificateFields } from '@peerkit/identity/x509'

/** Most are the 20 octets of a SHA-1. A longer one costs more than the hint is worth. */
const MAX_OCTETS = 64

/** The subjectKeyIdentifier (RFC 5280 section 4.2.1.2), as text; undefined where there is none that can be read. */
export function readSubjectKeyId ({ extensions }: CertificateFields): string | undefined {
  const value = extensions.get(EXTENSION.subjectKeyIdentifier)?.value
  return value === undefined ? undefined : readOctets(() => new DerReader(value), TAG.octetString)
}

/** The keyIdentifier of an authorityKeyIdentifier (section 4.2.1.1), as text; undefined where there is none that can be read. */
export function readAuthorityKeyId ({ extensions }: CertificateFields): string | undefined {
  const value = extensions.get(EXTENSION.authorityKeyIdentifier)?.value
  return value === undefined ? undefined : readOctets(() => new DerReader(value).enter(TAG.sequence), 0x80)
}

function readOctets (open: () => DerReader, tag: number): string | undefined {
  try {
    const reader = open()
    const element = reader.optional(tag)
    if (element === undefined || element.end - element.contentStart > MAX_OCTETS) return undefined
    return Buffer.from(reader.bytes.buffer, reader.bytes.byteOffset, reader.bytes.length).toString('latin1', element.contentStart, element.end)
  } catch {
    // Reading the whole certificate refuses it.
    return undefined
  }
}
