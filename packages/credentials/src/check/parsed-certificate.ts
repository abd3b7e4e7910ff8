import { X509Certificate } from 'node:crypto'
import { equalDistinguishedNames } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'

/** A certificate, parsed by us and by OpenSSL. */
export interface ParsedCertificate { readonly identity: PeerIdentity, readonly x509: X509Certificate }

/** @throws the error of OpenSSL if it cannot parse the certificate */
export function parseCertificate (identity: PeerIdentity): ParsedCertificate {
  return { identity, x509: new X509Certificate(identity.raw ?? new Uint8Array()) }
}

/** Whether `issuer` issued `subject`, by name, key identifier and signature. */
export function hasIssued (issuer: ParsedCertificate, subject: ParsedCertificate): boolean {
  return subject.x509.checkIssued(issuer.x509) && subject.x509.verify(issuer.x509.publicKey)
}

export function isSelfIssued ({ identity: { subject, issuer } }: ParsedCertificate): boolean {
  return subject !== undefined && issuer !== undefined && equalDistinguishedNames(subject, issuer)
}
