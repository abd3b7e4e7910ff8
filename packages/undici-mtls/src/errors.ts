import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'
import type { CertificateReason, OutboundReason, RefusalDetail } from '@peerkit/events'

export type { OutboundReason } from '@peerkit/events'

/** An option of the agent is wrong. */
export const MTLS_ERR_OUTBOUND_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_OUTBOUND_OPTION' }, [string]> =
  createError('MTLS_ERR_OUTBOUND_OPTION', 'Invalid outbound option: %s', 500, TypeError)

/** The origin must not be called: it is not https, or not one of `origins`. */
export const MTLS_ERR_OUTBOUND_ORIGIN: FastifyErrorConstructor<{ code: 'MTLS_ERR_OUTBOUND_ORIGIN' }, [string]> =
  createError('MTLS_ERR_OUTBOUND_ORIGIN', 'Outbound call refused: %s', 502)

/** The agent's own certificate has expired and was not replaced. Nothing is sent with it. */
export const MTLS_ERR_OUTBOUND_CREDENTIALS_EXPIRED: FastifyErrorConstructor<
  { code: 'MTLS_ERR_OUTBOUND_CREDENTIALS_EXPIRED' }, [string, string]
> =
  createError('MTLS_ERR_OUTBOUND_CREDENTIALS_EXPIRED', 'Cannot call %s: the client certificate expired at %s', 500)

/** No connection could be opened. */
export const MTLS_ERR_OUTBOUND_UNREACHABLE: FastifyErrorConstructor<
  { code: 'MTLS_ERR_OUTBOUND_UNREACHABLE' }, [string, string]
> =
  createError('MTLS_ERR_OUTBOUND_UNREACHABLE', 'Cannot connect to %s: %s', 502)

/**
 * The server's certificate is not valid: unknown CA, wrong purpose, not yet valid, blocked and others, see `reason`.
 */
export const MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED: FastifyErrorConstructor<
  { code: 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED' }, [string, string]
> =
  createError('MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED', 'The certificate of %s is not trusted: %s', 502)

/** The server's certificate, or one above it, has expired. */
export const MTLS_ERR_OUTBOUND_SERVER_EXPIRED: FastifyErrorConstructor<
  { code: 'MTLS_ERR_OUTBOUND_SERVER_EXPIRED' }, [string, string]
> =
  createError('MTLS_ERR_OUTBOUND_SERVER_EXPIRED', 'The certificate of %s is not accepted: %s', 502)

/** The server's certificate, or one above it, is revoked, or its status is unknown and the policy is hard. */
export const MTLS_ERR_OUTBOUND_SERVER_REVOKED: FastifyErrorConstructor<
  { code: 'MTLS_ERR_OUTBOUND_SERVER_REVOKED' }, [string, string]
> =
  createError('MTLS_ERR_OUTBOUND_SERVER_REVOKED', 'The certificate of %s is not accepted: %s', 502)

/**
 * Another server answered than expected. The message may reach a caller of our own API, so the identities are
 * properties only: `found` and `expected`.
 */
export const MTLS_ERR_OUTBOUND_WRONG_SERVER: FastifyErrorConstructor<
  { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER' }, [string]
> =
  createError('MTLS_ERR_OUTBOUND_WRONG_SERVER', '%s presented another identity than expected', 502)

/**
 * The server refused the client certificate. In TLS 1.3 this shows only after the handshake, with the first request.
 */
export const MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED: FastifyErrorConstructor<
  { code: 'MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED' }, [string, string]
> =
  createError('MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED', '%s refused the client certificate: %s', 502)

/** A TLS alert (RFC 8446 section 6). */
export interface TlsAlert { readonly number: number, readonly name: string }

/** The fields of outbound errors, in addition to `code`. */
export interface OutboundErrorFacts {
  /** Whether the same call may succeed later without anyone fixing anything. */
  readonly retryable: boolean
  /** The origin that was called. */
  readonly origin?: string
  /**
   * The cause, a word of docs/reasons.md. Undefined if the code says it all. By code:
   *
   * - UNREACHABLE: `network`, `timeout`, `closed` (during the handshake), `tls`, `proxy`, `renegotiation`
   * - SERVER_EXPIRED: `expired`
   * - SERVER_REVOKED: `revoked`, `revocation_unknown`
   * - SERVER_UNTRUSTED: every other `CertificateReason`
   * - WRONG_SERVER: `host_name`, `rules`
   * - CLIENT_CERTIFICATE_REFUSED: `alert`, `closed` (before the first response, which most likely means the same)
   */
  readonly reason?: OutboundReason
  /** The TLS alert with which the server refused the client certificate. */
  readonly alert?: TlsAlert
  /** For a server's certificate that is not accepted: the check that failed and the certificate at fault. */
  readonly detail?: RefusalDetail
  /** WRONG_SERVER: the expected servers, in words. */
  readonly expected?: string
  /** WRONG_SERVER: the identity of the server that answered. */
  readonly found?: string
  readonly cause?: unknown
}

/** Adds the fields to an error. */
export function withFacts<E extends Error> (error: E, facts: OutboundErrorFacts): E & OutboundErrorFacts {
  return Object.assign(error, facts)
}

/** The whole reason of a refusal, for logs and events. It must not reach callers. */
export function describeRefusal ({ message, found, expected }: Error & Partial<OutboundErrorFacts>): string {
  return found === undefined || expected === undefined ? message : `${message}: found ${found}; expected ${expected}`
}

/** Makes the error for a certificate of the server that is not accepted. */
export function untrusted (
  reason: CertificateReason, message: string, facts: OutboundErrorFacts & { readonly origin: string }
): Error {
  const Untrusted = reason === 'expired'
    ? MTLS_ERR_OUTBOUND_SERVER_EXPIRED
    : reason === 'revoked' || reason === 'revocation_unknown'
      ? MTLS_ERR_OUTBOUND_SERVER_REVOKED
      : MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED
  return withFacts(new Untrusted(facts.origin, message), { ...facts, reason })
}
