import type { PeerIdentity } from '@peerkit/identity'
import { readCertificate } from '@peerkit/identity/x509'
import { readIssuerKey } from './issuer-key.ts'
import { isSignedBy } from './ocsp-signer.ts'
import { isNamed } from './same-name.ts'

const found = new WeakMap<
  PeerIdentity,
  { readonly issuers: readonly PeerIdentity[], readonly issuer: PeerIdentity | undefined }
>()

/** The CA that has the issuer's name and signed the certificate. Cached per certificate and list of CAs. */
export function findIssuer (certificate: PeerIdentity, issuers: readonly PeerIdentity[]): PeerIdentity | undefined {
  const known = found.get(certificate)
  if (known?.issuers === issuers) return known.issuer
  const issuer = issuers.find((candidate) => isNamed(certificate, candidate) && hasSigned(candidate, certificate))
  found.set(certificate, { issuers, issuer })
  return issuer
}

function hasSigned (issuer: PeerIdentity, certificate: PeerIdentity): boolean {
  try {
    const { raw, tolerated } = certificate
    return raw !== undefined && isSignedBy(readCertificate(raw, tolerated), readIssuerKey(issuer))
  } catch {
    // A key that cannot be parsed is not the issuer's.
    return false
  }
}
