import {
  MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED, MTLS_ERR_OUTBOUND_SERVER_EXPIRED, MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED, MTLS_ERR_OUTBOUND_UNREACHABLE, withFacts
} from './errors.ts'
import type { RefusalDetail } from '@peerkit/events'
import type { OutboundReason } from './errors.ts'
import { readCertificateAlert } from './tls-alert.ts'

const VERIFY_CODES = /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH)/

/** What a failed connection attempt came to, said so that a person can act on it. Errors that are ours already pass. */
export function explainConnectError (error: NodeJS.ErrnoException, origin: string): Error {
  const { code = '' } = error
  if (code.startsWith('MTLS_ERR_')) return error
  const unverified = explainVerifyError(error, origin, () => undefined)
  if (unverified !== undefined) return unverified
  const refusal = explainAlert(error, origin)
  if (refusal !== undefined) return refusal
  const isTls = code.startsWith('ERR_SSL_') || code === 'EPROTO'
  const isClosed = code === 'ECONNRESET' || code === 'EPIPE'
  const message = isClosed ? `${code}: it closed the connection before it said anything in TLS` : describeNetworkError(error)
  return withFacts(new MTLS_ERR_OUTBOUND_UNREACHABLE(origin, message), { retryable: !isTls, origin, reason: isTls ? 'tls' : isClosed ? 'closed' : 'network', cause: error })
}

/**
 * What OpenSSL refused about a server's certificate; undefined where the error is of another kind.
 *
 * @param describe says which certificate is at fault, as far as that can be found out
 */
export function explainVerifyError (error: NodeJS.ErrnoException, origin: string, describe: () => RefusalDetail | undefined): Error | undefined {
  const { code = '' } = error
  if (!VERIFY_CODES.test(code)) return undefined
  const detail = describe()
  const facts = { retryable: false, origin, cause: error, ...(detail !== undefined && { detail }) }
  // Node's advice to trust the system's roots is none for a private CA.
  const told = error.message.replace(/; if the root CA is installed locally.*$/s, '')
  const words = detail === undefined ? `${code} (${told})` : `${code} (${told}): ${detail.message}`
  if (code === 'CERT_HAS_EXPIRED') {
    const sentence = detail?.step === 'expired' ? detail.message : words
    return withFacts(new MTLS_ERR_OUTBOUND_SERVER_EXPIRED(origin, sentence), facts)
  }
  return withFacts(new MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED(origin, words), { ...facts, reason: reasonOf(code) })
}

function reasonOf (code: string): OutboundReason {
  if (code === 'CERT_NOT_YET_VALID') return 'not_yet_valid'
  if (code === 'INVALID_PURPOSE') return 'purpose'
  return /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_UNTRUSTED)/.test(code) ? 'unknown_ca' : 'other'
}

/** Several addresses that all failed come as an AggregateError with an empty message. */
function describeNetworkError (error: NodeJS.ErrnoException & { readonly errors?: readonly Error[] }): string {
  const message = error.message !== '' ? error.message : (error.errors ?? []).map((each) => each.message).join('; ')
  return error.code === undefined || message.includes(error.code) ? message : `${error.code} (${message})`
}

function explainAlert (error: NodeJS.ErrnoException, origin: string): Error | undefined {
  const alert = readCertificateAlert(error)
  if (alert === undefined) return undefined
  const vague = alert.name === 'handshake_failure' ? '; servers say this where they want another certificate, or another cipher' : ''
  return withFacts(new MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED(origin, `TLS alert ${alert.name} (${alert.number})${vague}`), { retryable: false, origin, reason: 'alert', alert, cause: error })
}

/**
 * A connection that ended before its first answer, though the server began to shake hands. Servers that verify clients (Node's among them) close without an alert, and in TLS 1.3 that happens after our
 * side of the handshake is done: what came is a closed socket, what it most likely means is a refused certificate, and both are said. Undefined where the error is of another kind.
 *
 * @param failure what the socket said first, where undici says something else
 */
export function explainFirstRequestError (error: NodeJS.ErrnoException, origin: string, failure: NodeJS.ErrnoException = error): Error | undefined {
  const alert = explainAlert(failure, origin) ?? explainAlert(error, origin)
  if (alert !== undefined) return alert
  const closed = error.code === 'UND_ERR_SOCKET' || error.code === 'ECONNRESET' || error.code === 'EPIPE'
  if (!closed) return undefined
  const words = 'most likely: it closed the connection before its first answer without saying why'
  return withFacts(new MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED(origin, words), { retryable: true, origin, reason: 'closed', cause: error })
}
