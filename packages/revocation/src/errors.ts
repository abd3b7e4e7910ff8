import createError, { type FastifyErrorConstructor } from '@fastify/error'

/**
 * Why a CRL was refused:
 * - `malformed`: not the DER of RFC 5280 section 5.1, or broken PEM around it
 * - `too_large`: larger than `maxBytes`
 * - `too_large_for_sync`: load it with `loadCrl`, `loadCrlChecker` or `load()`, which do not block the event loop
 * - `signature`: no listed issuer of that name has signed it
 * - `algorithm`: signed with an algorithm that is not accepted here (SHA-1, MD5, DSA, unknown ones) or that this Node
 *   lacks
 * - `issuer_unknown`: none of the listed issuers has the name of its issuer
 * - `issuer_not_allowed`: the issuer is not a CA, or its keyUsage lacks cRLSign
 * - `critical_extension`: it has a critical extension that is not supported
 * - `indirect`: it covers other issuers too
 * - `scope`: its issuing distribution point is not supported
 * - `no_next_update`: it has no nextUpdate, so it would never expire
 * - `delta_without_base`: the complete CRL of a delta CRL is missing
 * - `unverified`: a `CrlIndex` that was parsed without `issuers`
 */
export type CrlInvalidReason =
  | 'malformed' | 'too_large' | 'too_large_for_sync' | 'signature' | 'algorithm' | 'issuer_unknown'
  | 'issuer_not_allowed' | 'critical_extension' | 'indirect' | 'scope' | 'no_next_update' | 'delta_without_base'
  | 'unverified'

/**
 * Why a CRL could not be fetched: `network` (or a file that cannot be read), `status` (not 200), `timeout`,
 * `too_large`, `rolled_back` (older than the current one), `closed`.
 */
export type CrlUnavailableReason = 'network' | 'status' | 'timeout' | 'too_large' | 'rolled_back' | 'closed'

/**
 * Why an OCSP response was refused:
 * - `malformed`: not the DER of RFC 6960 section 4.2.1
 * - `responder_status`: the responder said tryLater, internalError, unauthorized…
 * - `type`: not a basic response
 * - `algorithm`, `signature`: as for CRLs
 * - `signer_unknown`: its responder ID fits neither the issuer nor a certificate in the response
 * - `signer_not_authorized`: the signer is neither the issuer nor delegated by it (RFC 6960 section 4.2.2.2)
 * - `certificate_mismatch`: it is about another certificate, or says both good and unknown about this one
 * - `nonce`: it has another nonce than the request, or none though one is required
 * - `not_yet_valid`, `stale`: not between thisUpdate and nextUpdate, or too old
 * - `rolled_back`: it is older than an answer that said revoked, and says something else
 * - `critical_extension`: it has a critical extension that is not supported
 */
export type OcspInvalidReason =
  | 'malformed' | 'responder_status' | 'type' | 'algorithm' | 'signature' | 'signer_unknown' | 'signer_not_authorized'
  | 'certificate_mismatch' | 'nonce' | 'not_yet_valid' | 'stale' | 'rolled_back' | 'critical_extension'

/** Why no responder answered: `no_url`, `network`, `status` (not 200), `timeout`, `too_large`, `busy`, `closed`. */
export type OcspUnavailableReason = 'no_url' | 'network' | 'status' | 'timeout' | 'too_large' | 'busy' | 'closed'

/** A CRL was refused; `reason` is a {@link CrlInvalidReason}. */
export const MTLS_ERR_CRL_INVALID: FastifyErrorConstructor<{ code: 'MTLS_ERR_CRL_INVALID' }, [string]> =
  createError('MTLS_ERR_CRL_INVALID', 'CRL refused: %s', 500)

/** A CRL could not be fetched; `reason` is a {@link CrlUnavailableReason}. */
export const MTLS_ERR_CRL_UNAVAILABLE: FastifyErrorConstructor<{ code: 'MTLS_ERR_CRL_UNAVAILABLE' }, [string]> =
  createError('MTLS_ERR_CRL_UNAVAILABLE', 'CRL unavailable: %s', 503)

/** An OCSP response was refused; `reason` is an {@link OcspInvalidReason}. */
export const MTLS_ERR_OCSP_INVALID: FastifyErrorConstructor<{ code: 'MTLS_ERR_OCSP_INVALID' }, [string]> =
  createError('MTLS_ERR_OCSP_INVALID', 'OCSP response refused: %s', 502)

/** No OCSP responder answered; `reason` is an {@link OcspUnavailableReason}. */
export const MTLS_ERR_OCSP_UNAVAILABLE: FastifyErrorConstructor<{ code: 'MTLS_ERR_OCSP_UNAVAILABLE' }, [string]> =
  createError('MTLS_ERR_OCSP_UNAVAILABLE', 'OCSP unavailable: %s', 503)

/** An option is unknown or has a wrong value. The message names it. */
export const MTLS_ERR_REVOCATION_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_REVOCATION_OPTION' }, [string]> =
  createError('MTLS_ERR_REVOCATION_OPTION', 'Invalid revocation option: %s', 500, TypeError)

/** An error of this package with a machine-readable `reason`. */
export type ReasonedError<Reason extends string> = Error & { readonly code: string, readonly reason: Reason }

export function crlInvalid (
  reason: CrlInvalidReason,
  detail: string,
  cause?: unknown
): ReasonedError<CrlInvalidReason> {
  return withReason(new MTLS_ERR_CRL_INVALID(detail), reason, cause)
}

export function crlUnavailable (
  reason: CrlUnavailableReason,
  detail: string,
  cause?: unknown
): ReasonedError<CrlUnavailableReason> {
  return withReason(new MTLS_ERR_CRL_UNAVAILABLE(detail), reason, cause)
}

export function ocspInvalid (
  reason: OcspInvalidReason,
  detail: string,
  cause?: unknown
): ReasonedError<OcspInvalidReason> {
  return withReason(new MTLS_ERR_OCSP_INVALID(detail), reason, cause)
}

export function ocspUnavailable (
  reason: OcspUnavailableReason,
  detail: string,
  cause?: unknown
): ReasonedError<OcspUnavailableReason> {
  return withReason(new MTLS_ERR_OCSP_UNAVAILABLE(detail), reason, cause)
}

export function optionInvalid (detail: string): Error & { readonly code: string } {
  return new MTLS_ERR_REVOCATION_OPTION(detail)
}

function withReason<Reason extends string> (
  error: Error & { code: string },
  reason: Reason,
  cause: unknown
): ReasonedError<Reason> {
  if (cause !== undefined) error.cause = cause
  return Object.assign(error, { reason })
}
