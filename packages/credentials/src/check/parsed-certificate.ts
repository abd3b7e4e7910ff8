import { X509Certificate } from 'node:crypto'
import { equalDistinguishedNames } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'

/** One of our own certificates, or an anchor: as we read it, and as OpenSSL does. */
export interface ParsedCertificate { readonly identity: PeerIdentity, readonly x509: X509Certificate }

/** @throws what OpenSSL says of bytes that it does not take */
export function parseCertificate (identity: PeerIdentity): ParsedCertificate {
  return { identity, x509: new X509Certificate(identity.raw ?? new Uint8Array()) }
}

/** Whether `issuer` signed `subject`: by name, by key identifier and by signature. */
export function hasIssued (issuer: ParsedCertificate, subject: ParsedCertificate): boolean {
  return subject.x509.checkIssued(issuer.x509) && subject.x509.verify(issuer.x509.publicKey)
}

export function isSelfIssued ({ identity: { subject, issuer } }: ParsedCertificate): boolean {
  return subject !== undefined && issuer !== undefined && equalDistinguishedNames(subject, issuer)
}
