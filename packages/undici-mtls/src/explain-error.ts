import {
  MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED, MTLS_ERR_OUTBOUND_SERVER_EXPIRED, MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED, MTLS_ERR_OUTBOUND_UNREACHABLE, withFacts
} from './errors.ts'

const VERIFY_CODES = /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH)/
/** OpenSSL names an alert that the other side sent `…ALERT…`; these are about our certificate (RFC 8446 section 6.2). */
const CERTIFICATE_ALERT = /ALERT_(CERTIFICATE|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE|NO_CERTIFICATE)/

/** What a failed connection attempt came to, said so that a person can act on it. Errors that are ours already pass. */
export function explainConnectError (error: NodeJS.ErrnoException, origin: string): Error {
  const { code = '' } = error
  if (code.startsWith('MTLS_ERR_')) return error
  if (code === 'CERT_HAS_EXPIRED') return withFacts(new MTLS_ERR_OUTBOUND_SERVER_EXPIRED(origin), { retryable: false, cause: error })
  if (VERIFY_CODES.test(code)) return withFacts(new MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED(origin, `${code} (${error.message})`), { retryable: false, cause: error })
  const refusal = explainAlert(error, origin)
  if (refusal !== undefined) return refusal
  return withFacts(new MTLS_ERR_OUTBOUND_UNREACHABLE(origin, code === '' ? error.message : `${code} (${error.message})`), { retryable: true, cause: error })
}

/** An alert about our certificate, or undefined. */
export function explainAlert (error: NodeJS.ErrnoException, origin: string): Error | undefined {
  if (!CERTIFICATE_ALERT.test(error.code ?? '')) return undefined
  return withFacts(new MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED(origin, `TLS alert ${error.code ?? ''}`), { retryable: false, cause: error })
}

/**
 * A connection that closed before its first answer. Servers that verify clients (Node's among them) close without an alert, and in TLS 1.3 that happens after our side of the handshake is done: what
 * came is a closed socket, what it most likely means is a refused certificate, and both are said.
 */
export function explainFirstRequestError (error: NodeJS.ErrnoException, origin: string): Error {
  const alert = explainAlert(error, origin)
  if (alert !== undefined) return alert
  const closed = error.code === 'UND_ERR_SOCKET' || error.code === 'ECONNRESET' || error.code === 'EPIPE'
  if (!closed) return error
  return withFacts(new MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED(origin, 'it closed the connection before its first answer without saying why; most likely it does not accept our certificate'), { retryable: false, cause: error })
}
