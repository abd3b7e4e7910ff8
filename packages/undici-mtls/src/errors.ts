import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'
import type { RefusalDetail } from '@peerkit/events'

/** An option of the agent is wrong. */
export const MTLS_ERR_OUTBOUND_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_OUTBOUND_OPTION' }, [string]> =
  createError('MTLS_ERR_OUTBOUND_OPTION', 'Invalid outbound option: %s', 500, TypeError)

/** The agent was asked for an origin that it has no business with: no https, or none of `origins`. */
export const MTLS_ERR_OUTBOUND_ORIGIN: FastifyErrorConstructor<{ code: 'MTLS_ERR_OUTBOUND_ORIGIN' }, [string]> =
  createError('MTLS_ERR_OUTBOUND_ORIGIN', 'Outbound call refused: %s', 502)

/** Our own certificate has ended and nothing newer came: nothing is sent under it. */
export const MTLS_ERR_OUTBOUND_CREDENTIALS_EXPIRED: FastifyErrorConstructor<{ code: 'MTLS_ERR_OUTBOUND_CREDENTIALS_EXPIRED' }, [string, string]> =
  createError('MTLS_ERR_OUTBOUND_CREDENTIALS_EXPIRED', 'Cannot call %s: our own certificate ended at %s', 500)

/** No connection came about. */
export const MTLS_ERR_OUTBOUND_UNREACHABLE: FastifyErrorConstructor<{ code: 'MTLS_ERR_OUTBOUND_UNREACHABLE' }, [string, string]> =
  createError('MTLS_ERR_OUTBOUND_UNREACHABLE', 'Cannot connect to %s: %s', 502)

/** The server's certificate does not verify: unknown CA, wrong purpose, not yet valid. */
export const MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED: FastifyErrorConstructor<{ code: 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED' }, [string, string]> =
  createError('MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED', 'The certificate of %s is not trusted: %s', 502)

/** The server's certificate, or one above it, has ended. */
export const MTLS_ERR_OUTBOUND_SERVER_EXPIRED: FastifyErrorConstructor<{ code: 'MTLS_ERR_OUTBOUND_SERVER_EXPIRED' }, [string, string]> =
  createError('MTLS_ERR_OUTBOUND_SERVER_EXPIRED', 'The certificate of %s is not accepted: %s', 502)

/** The server's certificate, or one above it, is revoked, or nobody can say and the policy is hard. */
export const MTLS_ERR_OUTBOUND_SERVER_REVOKED: FastifyErrorConstructor<{ code: 'MTLS_ERR_OUTBOUND_SERVER_REVOKED' }, [string, string]> =
  createError('MTLS_ERR_OUTBOUND_SERVER_REVOKED', 'The certificate of %s is not accepted: %s', 502)

/** The server is somebody, but not who was meant. */
export const MTLS_ERR_OUTBOUND_WRONG_SERVER: FastifyErrorConstructor<{ code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER' }, [string, string, string]> =
  createError('MTLS_ERR_OUTBOUND_WRONG_SERVER', '%s answered as %s; expected %s', 502)

/** The server does not accept our certificate. In TLS 1.3 this comes only after the handshake, with the first request. */
export const MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED: FastifyErrorConstructor<{ code: 'MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED' }, [string, string]> =
  createError('MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED', '%s refused our certificate: %s', 502)

/**
 * What a code leaves open:
 *
 * - UNREACHABLE: `network`, `timeout`, `closed` (during the handshake), `tls` (no agreement), `proxy`
 * - SERVER_UNTRUSTED: `unknown_ca`, `not_yet_valid`, `purpose`, `unreadable`, `other`
 * - SERVER_REVOKED: `revoked`, `status_unknown`
 * - WRONG_SERVER: `host_name`, `rules`
 * - CLIENT_CERTIFICATE_REFUSED: `alert` (the server said so), `closed` (it closed before its first answer: most likely)
 */
export type OutboundReason = 'network' | 'timeout' | 'closed' | 'tls' | 'proxy' | 'unknown_ca' | 'not_yet_valid' | 'purpose' | 'outside_authority' | 'blocked' | 'unreadable' | 'other' | 'revoked' | 'status_unknown' | 'host_name' | 'rules' | 'alert'

/** A TLS alert (RFC 8446 section 6). */
export interface TlsAlert { readonly number: number, readonly name: string }

/** What every outbound error says beside its code. */
export interface OutboundErrorFacts {
  /** Whether the same call may succeed later with nothing changed by hand, here or there. */
  readonly retryable: boolean
  /** The origin that was called. */
  readonly origin?: string
  readonly reason?: OutboundReason
  /** What the server said, for a certificate that it refused by an alert. */
  readonly alert?: TlsAlert
  /** Of a server's certificate that is not accepted: the check that failed, and the certificate at fault. */
  readonly detail?: RefusalDetail
  /** WRONG_SERVER: who was meant. */
  readonly expected?: string
  /** WRONG_SERVER: who answered. */
  readonly found?: string
  readonly cause?: unknown
}

/** Adds the facts to an error. */
export function withFacts<E extends Error> (error: E, facts: OutboundErrorFacts): E & OutboundErrorFacts {
  return Object.assign(error, facts)
}
