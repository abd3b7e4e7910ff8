import { CodedError, OptionError } from '@peerkit/identity/internal'

/** An option is missing, unknown or wrong. */
export class SpiffeOptionError extends OptionError {
  static readonly code = 'MTLS_ERR_SPIFFE_OPTION'
  override readonly code = 'MTLS_ERR_SPIFFE_OPTION'

  constructor (detail: string, options?: ErrorOptions) {
    super(`Invalid SPIFFE option: ${detail}`, options)
  }
}
/**
 * Why the Workload API gives no identity.
 *
 * - `unreachable`: nothing listens at the socket, or the connection broke.
 * - `timeout`: no answer in time.
 * - `denied`: the agent knows no identity for this process (gRPC status 7, PermissionDenied).
 * - `refused`: the agent refuses the request itself (gRPC status 3, InvalidArgument). It is asked again after the
 *   longest pause.
 * - `status`: another gRPC status.
 * - `protocol`: the answer is not gRPC, or not a message of the Workload API.
 * - `ended`: the agent ended the stream.
 * - `closed`: the source was closed.
 */
export type WorkloadApiReason =
  | 'unreachable' | 'timeout' | 'denied' | 'refused' | 'status' | 'protocol' | 'ended' | 'closed'

/** The Workload API gave no identity. */
export class WorkloadApiError extends CodedError {
  static readonly code = 'MTLS_ERR_SPIFFE_WORKLOAD_API'
  override readonly code = 'MTLS_ERR_SPIFFE_WORKLOAD_API'
  readonly reason: WorkloadApiReason
  /** The gRPC status, where the agent gave one. */
  readonly status: number | undefined

  constructor (reason: WorkloadApiReason, detail: string, options: ErrorOptions & { readonly status?: number } = {}) {
    super(`SPIFFE Workload API: ${detail}`, options)
    this.reason = reason
    this.status = options.status
  }
}

/**
 * Why a response of the Workload API, or a bundle, is not used.
 *
 * - `malformed`: it is not what the standard says.
 * - `empty`: a field that must be there is empty.
 * - `svid`: a certificate is not an X.509-SVID.
 * - `trust_domain`: a name is not in the trust domain that it should be in, or is no name of a trust domain.
 * - `rolled_back`: its sequence number is lower than that of the bundle in use.
 * - `too_large`: it is larger than the limit.
 * - `unreadable`: the file cannot be read.
 */
export type SpiffeInvalidReason =
  | 'malformed' | 'empty' | 'svid' | 'trust_domain' | 'rolled_back' | 'too_large' | 'unreadable'

/** A response of the Workload API, or a bundle, is not used. What was in use stays in use. */
export class SpiffeInvalidError extends CodedError {
  static readonly code = 'MTLS_ERR_SPIFFE_INVALID'
  override readonly code = 'MTLS_ERR_SPIFFE_INVALID'
  readonly reason: SpiffeInvalidReason

  constructor (reason: SpiffeInvalidReason, detail: string, options?: ErrorOptions) {
    super(`SPIFFE data refused: ${detail}`, options)
    this.reason = reason
  }
}

/**
 * Why a bundle endpoint gives no bundle.
 *
 * - `unreachable`: nothing listens there, or the connection broke.
 * - `timeout`: the whole answer did not come in time.
 * - `server`: its certificate is not accepted.
 * - `status`: it answered with another status than 200.
 * - `redirect`: it answered with a redirect. None is followed.
 * - `content`: the answer is not a JSON document: its type or encoding.
 * - `too_large`: the document is larger than the limit.
 */
export type BundleEndpointReason =
  | 'unreachable' | 'timeout' | 'server' | 'status' | 'redirect' | 'content' | 'too_large'

/** A bundle endpoint gave no bundle. The last good one stays in use. */
export class BundleEndpointError extends CodedError {
  static readonly code = 'MTLS_ERR_SPIFFE_BUNDLE_ENDPOINT'
  override readonly code = 'MTLS_ERR_SPIFFE_BUNDLE_ENDPOINT'
  readonly reason: BundleEndpointReason

  constructor (reason: BundleEndpointReason, detail: string, options?: ErrorOptions) {
    super(`SPIFFE bundle endpoint: ${detail}`, options)
    this.reason = reason
  }
}

const PREFIX = /^(?:SPIFFE Workload API|SPIFFE data refused|SPIFFE bundle endpoint): /

/** The message of an error without the prefix of its class, for a message that begins with one. */
export function detailOf ({ message }: Error): string { return message.replace(PREFIX, '') }
