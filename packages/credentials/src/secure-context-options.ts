import type { SecureContextOptions } from 'node:tls'
import type { CredentialSnapshot } from './credential-snapshot.ts'

/**
 * The snapshot as options of `tls.createSecureContext` and `server.setSecureContext`: always all of them, since what is left out there is replaced by a default
 * that trusts the public roots. Never `crl`: OpenSSL then wants one for every CA and keeps it until the next context.
 */
export function secureContextOptions ({ cert, key, ca, intermediateCas }: CredentialSnapshot): SecureContextOptions & { cert: string, key: string, ca: string[] } {
  // OpenSSL ends no path at a certificate that is not self-signed, so these are trusted for nothing by themselves.
  return { cert, key, ca: [...ca, ...intermediateCas] }
}
