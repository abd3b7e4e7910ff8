import type { CertificateReason, OutboundReason, RefusalDetail } from '@peerkit/events'
import { CodedError, OptionError } from '@peerkit/identity/internal'

export type { OutboundReason } from '@peerkit/events'

/** An option of the agent is wrong. */
export class OutboundOptionError extends OptionError {
  static readonly code = 'MTLS_ERR_OUTBOUND_OPTION'
  override readonly code = 'MTLS_ERR_OUTBOUND_OPTION'

  constructor (detail: string, options?: ErrorOptions) {
    super(`Invalid outbound option: ${detail}`, options)
  }
}

/**
 * Base class of the errors with which a call fails: nothing was sent, or no server answered.
 *
 * @example
 * ```ts
 * const agent = new MtlsAgent({ credentials, origins: {} })
 * try {
 *   await agent.request('https://ledger.internal:8443/accounts')
 * } catch (error) {
 *   if (!(error instanceof OutboundError)) throw error
 *   console.log(error.code, error.origin, error.retryable) // MTLS_ERR_OUTBOUND_ORIGIN https://ledger.internal:8443 false
 * }
 * await agent.close()
 * ```
 */
export abstract class OutboundError extends CodedError {
  /** Whether the same call may succeed later without anyone fixing anything. */
  abstract readonly retryable: boolean
  /** The cause, a word of docs/reasons.md. Undefined if the code says it all. */
  abstract readonly reason: OutboundReason | undefined
  /** The origin that was called. */
  readonly origin: string

  constructor (message: string, origin: string, options?: ErrorOptions) {
    super(message, options)
    this.origin = origin
  }
}

/** The origin must not be called: it is not https, or not one of `origins`. */
export class OutboundOriginError extends OutboundError {
  static readonly code = 'MTLS_ERR_OUTBOUND_ORIGIN'
  override readonly code = 'MTLS_ERR_OUTBOUND_ORIGIN'
  override readonly retryable = false
  override readonly reason: undefined

  constructor (origin: string, detail: string) {
    super(`Outbound call refused: ${detail}`, origin)
  }
}

/** The agent's own certificate has expired or was withdrawn, and was not replaced. Nothing is sent with it. */
export class OutboundCredentialsExpiredError extends OutboundError {
  static readonly code = 'MTLS_ERR_OUTBOUND_CREDENTIALS_EXPIRED'
  override readonly code = 'MTLS_ERR_OUTBOUND_CREDENTIALS_EXPIRED'
  override readonly retryable = false
  override readonly reason: undefined

  /**
   * @param notAfter milliseconds since the epoch
   * @param withdrawn whether who issued it took it back then
   */
  constructor (origin: string, notAfter: number, withdrawn: boolean = false) {
    const what = withdrawn ? 'was withdrawn' : 'expired'
    super(`Cannot call ${origin}: the client certificate ${what} at ${new Date(notAfter).toISOString()}`, origin)
  }
}

/** Why there is no connection. `closed`: it was closed during the handshake. */
export type UnreachableReason = Extract<
  OutboundReason, 'network' | 'timeout' | 'closed' | 'tls' | 'proxy' | 'renegotiation'
>

/** No connection could be opened. */
export class OutboundUnreachableError extends OutboundError {
  static readonly code = 'MTLS_ERR_OUTBOUND_UNREACHABLE'
  override readonly code = 'MTLS_ERR_OUTBOUND_UNREACHABLE'
  override readonly retryable: boolean
  override readonly reason: UnreachableReason

  constructor (
    origin: string,
    detail: string,
    { reason, retryable }: { readonly reason: UnreachableReason, readonly retryable: boolean },
    options?: ErrorOptions
  ) {
    super(`Cannot connect to ${origin}: ${detail}`, origin, options)
    this.reason = reason
    this.retryable = retryable
  }
}

/** What is wrong with a server's certificate. */
export interface ServerRefusal {
  readonly reason: CertificateReason
  /** The check that failed and the certificate at fault. Undefined if they are not known. */
  readonly detail?: RefusalDetail | undefined
}

/** Base class of the errors about a server's certificate. */
export abstract class ServerCertificateError extends OutboundError implements ServerRefusal {
  override readonly retryable: boolean
  override readonly reason: CertificateReason
  /** The check that failed and the certificate at fault. Undefined if they are not known. */
  readonly detail: RefusalDetail | undefined

  constructor (origin: string, words: string, { reason, detail }: ServerRefusal, options?: ErrorOptions) {
    const verdict = reason in NO_LONGER ? 'accepted' : 'trusted'
    super(`The certificate of ${origin} is not ${verdict}: ${words}`, origin, options)
    this.retryable = reason === 'revocation_unknown'
    this.reason = reason
    this.detail = detail
  }
}

/**
 * The server's certificate is not valid: unknown CA, wrong purpose, not yet valid, blocked and others, see `reason`.
 */
export class OutboundServerUntrustedError extends ServerCertificateError {
  static readonly code = 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED'
  override readonly code = 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED'
}

/** The server's certificate, or one above it, has expired. */
export class OutboundServerExpiredError extends ServerCertificateError {
  static readonly code = 'MTLS_ERR_OUTBOUND_SERVER_EXPIRED'
  override readonly code = 'MTLS_ERR_OUTBOUND_SERVER_EXPIRED'
}

/** The server's certificate, or one above it, is revoked, or its status is unknown and the policy is hard. */
export class OutboundServerRevokedError extends ServerCertificateError {
  static readonly code = 'MTLS_ERR_OUTBOUND_SERVER_REVOKED'
  override readonly code = 'MTLS_ERR_OUTBOUND_SERVER_REVOKED'
}

/** The classes of the reasons that end a certificate's life. All others are OutboundServerUntrustedError. */
const NO_LONGER: {
  readonly [reason in CertificateReason]?: typeof OutboundServerExpiredError | typeof OutboundServerRevokedError
} = {
  expired: OutboundServerExpiredError,
  revoked: OutboundServerRevokedError,
  revocation_unknown: OutboundServerRevokedError
}

/** Makes the error for a certificate of a server that is not accepted. */
export function refuseServer (
  origin: string, words: string, refusal: ServerRefusal, options?: ErrorOptions
): ServerCertificateError {
  const Refused = NO_LONGER[refusal.reason] ?? OutboundServerUntrustedError
  return new Refused(origin, words, refusal, options)
}

/** Which server was expected, which one answered, and what did not match. */
export interface WrongServer {
  readonly reason: Extract<OutboundReason, 'host_name' | 'rules'>
  /** The expected servers, in words. */
  readonly expected: string
  /** The identity of the server that answered. */
  readonly found: string
}

/**
 * Another server answered than expected. The message may reach a caller of our own API, so the identities are
 * properties only: `found` and `expected`.
 */
export class OutboundWrongServerError extends OutboundError implements WrongServer {
  static readonly code = 'MTLS_ERR_OUTBOUND_WRONG_SERVER'
  override readonly code = 'MTLS_ERR_OUTBOUND_WRONG_SERVER'
  override readonly retryable = false
  override readonly reason: WrongServer['reason']
  /** The expected servers, in words. */
  readonly expected: string
  /** The identity of the server that answered. */
  readonly found: string

  constructor (origin: string, { reason, expected, found }: WrongServer) {
    super(`${origin} presented another identity than expected`, origin)
    this.reason = reason
    this.expected = expected
    this.found = found
  }
}

/** A TLS alert (RFC 8446 section 6). */
export interface TlsAlert { readonly number: number, readonly name: string }

/**
 * The server refused the client certificate. In TLS 1.3 this shows only after the handshake, with the first request.
 * `reason` is `alert`, or `closed`: the connection was closed before the first response, which most likely means the
 * same.
 */
export class OutboundClientCertificateRefusedError extends OutboundError {
  static readonly code = 'MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED'
  override readonly code = 'MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED'
  override readonly retryable: boolean
  override readonly reason: Extract<OutboundReason, 'alert' | 'closed'>
  /** The alert with which the server refused. Undefined if it sent none. */
  readonly alert: TlsAlert | undefined

  constructor (origin: string, detail: string, alert: TlsAlert | undefined, options?: ErrorOptions) {
    super(`${origin} refused the client certificate: ${detail}`, origin, options)
    this.retryable = alert === undefined
    this.reason = alert === undefined ? 'closed' : 'alert'
    this.alert = alert
  }
}
