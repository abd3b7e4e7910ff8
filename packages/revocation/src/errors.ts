import { CodedError, OptionError } from '@peerkit/identity/internal'

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

/** A CRL was refused. */
export class CrlInvalidError extends CodedError {
  static readonly code = 'MTLS_ERR_CRL_INVALID'
  override readonly code = 'MTLS_ERR_CRL_INVALID'
  readonly reason: CrlInvalidReason

  constructor (reason: CrlInvalidReason, detail: string, options?: ErrorOptions) {
    super(`CRL refused: ${detail}`, options)
    this.reason = reason
  }
}

/** A CRL could not be fetched, or is older than the current one. */
export class CrlUnavailableError extends CodedError {
  static readonly code = 'MTLS_ERR_CRL_UNAVAILABLE'
  override readonly code = 'MTLS_ERR_CRL_UNAVAILABLE'
  readonly reason: CrlUnavailableReason

  constructor (reason: CrlUnavailableReason, detail: string, options?: ErrorOptions) {
    super(`CRL unavailable: ${detail}`, options)
    this.reason = reason
  }
}

/** An OCSP response was refused. */
export class OcspInvalidError extends CodedError {
  static readonly code = 'MTLS_ERR_OCSP_INVALID'
  override readonly code = 'MTLS_ERR_OCSP_INVALID'
  readonly reason: OcspInvalidReason
  /** For `responder_status`: what the responder said, such as `tryLater` (RFC 6960 section 4.2.1). */
  readonly responderStatus: string | undefined

  constructor (
    reason: OcspInvalidReason,
    detail: string,
    { responderStatus, ...options }: ErrorOptions & { readonly responderStatus?: string } = {}
  ) {
    super(`OCSP response refused: ${detail}`, options)
    this.reason = reason
    this.responderStatus = responderStatus
  }
}

/** No OCSP responder answered. */
export class OcspUnavailableError extends CodedError {
  static readonly code = 'MTLS_ERR_OCSP_UNAVAILABLE'
  override readonly code = 'MTLS_ERR_OCSP_UNAVAILABLE'
  readonly reason: OcspUnavailableReason

  constructor (reason: OcspUnavailableReason, detail: string, options?: ErrorOptions) {
    super(`OCSP unavailable: ${detail}`, options)
    this.reason = reason
  }
}

/** An option is unknown or has a wrong value. The message names it. */
export class RevocationOptionError extends OptionError {
  static readonly code = 'MTLS_ERR_REVOCATION_OPTION'
  override readonly code = 'MTLS_ERR_REVOCATION_OPTION'

  constructor (detail: string) {
    super(`Invalid revocation option: ${detail}`)
  }
}
