import { MTLS_ERR_SERVICES_TIMEOUT } from './errors.ts'

/**
 * Ends a call after a time, with an error of this package. The caller's own signal ends it with the caller's reason.
 *
 * @param name the service, for the error
 * @param timeout milliseconds, or undefined for no limit
 * @param signal the caller's, if any
 * @returns the option `signal` of undici's functions, or nothing
 */
export function limitCall (name: string, timeout: number | undefined, signal: unknown): { readonly signal?: unknown } {
  if (timeout === undefined) return signal === undefined || signal === null ? {} : { signal }
  const ends = endAfter(name, timeout)
  return { signal: signal instanceof AbortSignal ? AbortSignal.any([signal, ends]) : ends }
}

/** The reason of AbortSignal.timeout is a DOMException, whose code is a number and whose message names nothing. */
function endAfter (name: string, timeout: number): AbortSignal {
  const controller = new AbortController()
  const timer = AbortSignal.timeout(timeout)
  timer.addEventListener('abort', () => {
    const error = new MTLS_ERR_SERVICES_TIMEOUT(name, String(timeout))
    error.cause = timer.reason
    controller.abort(error)
  }, { once: true })
  return controller.signal
}
