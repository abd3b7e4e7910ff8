import { DerReader, TAG } from '@peerkit/identity/der'
import { EXTENSION } from '@peerkit/identity/x509'
import type { Certificate } from './certificate.ts'

/** Whether OpenSSL ends a path here: subject and issuer are one name, and the key identifiers, where both are there, are one key's. */
export function isSelfSigned (certificate: Certificate): boolean {
  if (!certificate.selfIssued) return false
  const { extensions } = certificate.fields
  const own = extensions.get(EXTENSION.subjectKeyIdentifier)?.value
  const issuers = extensions.get(EXTENSION.authorityKeyIdentifier)?.value
  if (own === undefined || issuers === undefined) return true
  const identifier = new DerReader(issuers).enter(TAG.sequence).optional(0x80)
  // A subjectKeyIdentifier is one OCTET STRING.
  const { contentStart, end } = new DerReader(own).expect(TAG.octetString)
  return identifier === undefined || Buffer.compare(own.subarray(contentStart, end), issuers.subarray(identifier.contentStart, identifier.end)) === 0
}
