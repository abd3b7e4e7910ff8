import { findTlsAlert, findVerifyCode } from '@peerkit/events'
import type { RefusalDetail } from '@peerkit/events'
import { OutboundClientCertificateRefusedError, OutboundUnreachableError, refuseServer } from '../errors.ts'

/** What OpenSSL makes of a first answer that is no TLS record. */
const NO_TLS = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG'])

/** Explains why a connection failed. Errors of this package are returned as they are. */
export function explainConnectError (error: NodeJS.ErrnoException, origin: string): Error {
  const { code = '' } = error
  if (code.startsWith('MTLS_ERR_')) return error
  const unverified = explainVerifyError(error, origin, () => undefined)
  if (unverified !== undefined) return unverified
  const refusal = explainAlert(error, origin)
  if (refusal !== undefined) return refusal
  const isTls = code.startsWith('ERR_SSL_') || code === 'EPROTO'
  const isClosed = code === 'ECONNRESET' || code === 'EPIPE'
  const message = isClosed ? `${code}: it closed the connection before the TLS handshake` : describeNetworkError(error)
  const reason = isTls ? 'tls' : isClosed ? 'closed' : 'network'
  return new OutboundUnreachableError(origin, message, { reason, retryable: !isTls }, { cause: error })
}

/**
 * Explains why OpenSSL refused a server's certificate; undefined for an error of another kind.
 *
 * @param describe returns the certificate at fault, if it can be determined
 */
export function explainVerifyError (
  error: NodeJS.ErrnoException, origin: string, describe: () => RefusalDetail | undefined
): Error | undefined {
  const { code = '' } = error
  const known = findVerifyCode(code)
  if (known === undefined) return undefined
  const detail = describe()
  // Node's advice to use the system's CAs does not apply to a private CA.
  const message = error.message.replace(/; if the root CA is installed locally.*$/s, '')
  const words = detail === undefined ? `${code} (${message})` : `${code} (${message}): ${detail.message}`
  const sentence = known.reason === 'expired' && detail?.step === 'expired' ? detail.message : words
  return refuseServer(origin, sentence, { reason: known.reason, detail }, { cause: error })
}

/**
 * If several addresses failed, Node gives an AggregateError with an empty message. OpenSSL's messages contain its
 * source files and end with a newline; its reason is in words.
 */
function describeNetworkError (
  error: NodeJS.ErrnoException & { readonly errors?: readonly Error[], readonly reason?: unknown }
): string {
  const { code, reason } = error
  if (code !== undefined && NO_TLS.has(code)) {
    return `${code}: the server does not speak TLS on this port (is it plain HTTP?)`
  }
  const said = error.message !== '' ? error.message : (error.errors ?? []).map((each) => each.message).join('; ')
  const message = (typeof reason === 'string' ? reason : said).replaceAll(/\s+/g, ' ').trim()
  return code === undefined || message.includes(code) ? message : `${code} (${message})`
}

function explainAlert (error: NodeJS.ErrnoException, origin: string): Error | undefined {
  const found = findTlsAlert(error)
  if (found?.isAboutCertificate !== true) return undefined
  const alert = { number: found.number, name: found.name }
  const vague = alert.name === 'handshake_failure'
    ? '; servers send it if they require another certificate, or another cipher'
    : ''
  const words = `TLS alert ${alert.name} (${alert.number})${vague}`
  return new OutboundClientCertificateRefusedError(origin, words, alert, { cause: error })
}

/** What is known about a connection that ended. */
export interface EndedConnection {
  /** The first error of the socket, if undici reports another. */
  readonly failure?: NodeJS.ErrnoException | undefined
  /** Whether the server has answered on another connection with the same client certificate. */
  readonly hasAnswered?: boolean
}

/**
 * Explains a connection that ended before its first response, after the server took part in the handshake. Servers that
 * verify clients (Node's, for example) close without an alert, and in TLS 1.3 this happens after the client's side of
 * the handshake is done. The error says both: the socket was closed, and most likely the certificate was refused. A
 * server that has answered with the same certificate did not refuse it, unless it sends an alert.
 *
 * @returns undefined for an error of another kind
 */
export function explainFirstRequestError (
  error: NodeJS.ErrnoException, origin: string, { failure = error, hasAnswered = false }: EndedConnection = {}
): Error | undefined {
  const alert = explainAlert(failure, origin) ?? explainAlert(error, origin)
  if (alert !== undefined) return alert
  const closed = error.code === 'UND_ERR_SOCKET' || error.code === 'ECONNRESET' || error.code === 'EPIPE'
  if (!closed || hasAnswered) return undefined
  const words = 'most likely, since it closed the connection before its first response without a reason'
  return new OutboundClientCertificateRefusedError(origin, words, undefined, { cause: error })
}

/** Explains a connection that ended because the server asked for TLS renegotiation. */
export function explainRenegotiation (error: Error, origin: string): Error {
  const message = 'the server asked for TLS renegotiation, which is refused: after it the server could present ' +
    'another certificate. Let it ask for the client certificate in the first handshake (for the whole host, not for ' +
    'a path), or enable TLS 1.3'
  return new OutboundUnreachableError(origin, message, { reason: 'renegotiation', retryable: false }, { cause: error })
}
