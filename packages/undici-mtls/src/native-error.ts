/** Codes that undici's retry and dns interceptors act on. */
const UNDERSTOOD = new Set(['ECONNRESET', 'ECONNREFUSED', 'ENOTFOUND', 'ENETDOWN', 'ENETUNREACH', 'EHOSTDOWN', 'EHOSTUNREACH', 'EPIPE', 'ETIMEDOUT', 'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT'])

const explanations = new WeakMap<object, Error>()

/**
 * The error as undici's interceptors know it. They decide by `error.code` whether to retry or to try the next address: between them a passing network error travels
 * as what it is, and gets its explanation back when it leaves them.
 */
export function toNativeError (error: Error): Error {
  const { retryable, cause } = error as Error & { retryable?: boolean }
  if (retryable !== true || !(cause instanceof Error) || !UNDERSTOOD.has((cause as NodeJS.ErrnoException).code ?? '')) return error
  explanations.set(cause, error)
  return cause
}

/** The explained error again. */
export function toExplainedError (error: Error): Error {
  return explanations.get(error) ?? error
}

/** For `retry` where an MtlsAgent is not composed but wrapped (`new RetryAgent(agent, { errorCodes: retryErrorCodes })`): undici's own defaults and ours. */
export const retryErrorCodes: readonly string[] = Object.freeze(['ECONNRESET', 'ECONNREFUSED', 'ENOTFOUND', 'ENETDOWN', 'ENETUNREACH', 'EHOSTDOWN', 'EHOSTUNREACH', 'EPIPE', 'UND_ERR_SOCKET', 'MTLS_ERR_OUTBOUND_UNREACHABLE'])
