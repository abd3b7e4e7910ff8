import { errors } from 'undici'
import { ServicesTimeoutError } from './errors.ts'

/** What undici takes as a signal besides an AbortSignal: one of another realm, or an emitter of `abort`. */
interface ForeignSignal {
  readonly aborted?: boolean
  readonly reason?: unknown
  addEventListener? (event: 'abort', listener: () => void): void
  removeEventListener? (event: 'abort', listener: () => void): void
  on? (event: 'abort', listener: () => void): void
  off? (event: 'abort', listener: () => void): void
}

/**
 * Ends a call after a time, with an error of this package. The caller's own signal ends it with the caller's reason.
 *
 * @param name the service, for the error
 * @param timeout milliseconds, or undefined for no limit
 * @param signal the caller's, if any
 * @returns the option `signal` of undici's functions, or nothing
 */
export function limitCall (name: string, timeout: number | undefined, signal: unknown): { readonly signal?: unknown } {
  const isGiven = signal !== undefined && signal !== null
  if (timeout === undefined) return isGiven ? { signal } : {}
  const ends = endAfter(name, timeout)
  if (!isGiven) return { signal: ends }
  if (signal instanceof AbortSignal) return { signal: AbortSignal.any([signal, ends]) }
  const foreign = signal as ForeignSignal
  // Undici refuses what is no signal at all.
  if (typeof foreign.addEventListener !== 'function' && typeof foreign.on !== 'function') return { signal }
  return { signal: AbortSignal.any([follow(foreign, ends), ends]) }
}

/** A signal that ends with another one. It listens until `ends`, so that an emitter of many calls does not collect. */
function follow (foreign: ForeignSignal, ends: AbortSignal): AbortSignal {
  const controller = new AbortController()
  const onAbort = (): void => { controller.abort(foreign.reason ?? new errors.RequestAbortedError()) }
  if (foreign.aborted === true) onAbort()
  if (typeof foreign.addEventListener === 'function') foreign.addEventListener('abort', onAbort)
  else foreign.on?.('abort', onAbort)
  ends.addEventListener('abort', () => {
    if (typeof foreign.removeEventListener === 'function') foreign.removeEventListener('abort', onAbort)
    else foreign.off?.('abort', onAbort)
  }, { once: true })
  return controller.signal
}

/** The reason of AbortSignal.timeout is a DOMException, whose code is a number and whose message names nothing. */
function endAfter (name: string, timeout: number): AbortSignal {
  const controller = new AbortController()
  const timer = AbortSignal.timeout(timeout)
  timer.addEventListener('abort', () => {
    controller.abort(new ServicesTimeoutError(name, timeout, { cause: timer.reason }))
  }, { once: true })
  return controller.signal
}
