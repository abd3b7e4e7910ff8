/**
 * Code that the packages of this suite share. Do not import it: it may change in any release.
 *
 * @packageDocumentation
 * @internal
 */
export { readCrlHeader } from './crl/crl-header.ts'
export type { CrlHeader } from './crl/crl-header.ts'
export { readOcspResponse } from './ocsp/ocsp-response.ts'
export type { OcspAnswer, OcspResponse } from './ocsp/ocsp-response.ts'
export { BY_ISSUER_KEY, byIssuerKey, type KeyedChecker } from './policy/by-issuer-key.ts'
export { compileModes } from './policy/revocation-policy.ts'
