/** Codes that undici's retry and dns interceptors handle. */
const HANDLED_BY_UNDICI = new Set([
  'ECONNRESET', 'ECONNREFUSED', 'ENOTFOUND', 'ENETDOWN', 'ENETUNREACH', 'EHOSTDOWN', 'EHOSTUNREACH', 'EPIPE',
  'ETIMEDOUT', 'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT'
])

const explanations = new WeakMap<object, Error>()

/**
 * Returns the error in the form that undici's interceptors know. They decide by `error.code` whether to retry or to try
 * the next address. So a transient network error is passed through them in its native form, and replaced by the
 * explained error when it leaves them.
 */
export function toNativeError (error: Error): Error {
  const { retryable, cause } = error as Error & { retryable?: boolean }
  if (retryable !== true || !(cause instanceof Error) ||
    !HANDLED_BY_UNDICI.has((cause as NodeJS.ErrnoException).code ?? '')) {
    return error
  }
  explanations.set(cause, error)
  return cause
}

/** Returns the explained error for a native one. */
export function toExplainedError (error: Error): Error {
  return explanations.get(error) ?? error
}

/**
 * The error codes to retry: undici's defaults, and those of this package with which `retryable` may be true. Needed
 * only for undici's `RetryAgent`, which knows nothing but codes: it also retries an alert about the client certificate.
 * With `agent.compose` the retry interceptor retries what is `retryable`, and nothing else.
 *
 * @example
 * ```ts
 * const { RetryAgent } = await import('undici')
 * const agent = new RetryAgent(new MtlsAgent({ credentials }), { errorCodes: [...retryErrorCodes] })
 * await agent.close()
 * ```
 */
export const retryErrorCodes: readonly string[] = Object.freeze([
  'ECONNRESET', 'ECONNREFUSED', 'ENOTFOUND', 'ENETDOWN', 'ENETUNREACH', 'EHOSTDOWN', 'EHOSTUNREACH', 'EPIPE',
  'UND_ERR_SOCKET', 'MTLS_ERR_OUTBOUND_UNREACHABLE', 'MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED',
  'MTLS_ERR_OUTBOUND_SERVER_REVOKED'
])
