import { scheduleTimer } from './wake-at.ts'
import type { Schedule } from './wake-at.ts'

export interface TimeLimit<Value> {
  /** Milliseconds to wait. Default: without end, until `signal` is aborted. */
  readonly timeout?: number | undefined
  /** Called when the time is up. Returns what counts instead, or throws the error. */
  readonly onTimeout?: () => Value
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal | undefined
  /** Default: timers of Node that do not keep the process alive. */
  readonly schedule?: Schedule | undefined
}

/** Something to wait for: a promise, or a function that is called with a signal. */
export type Work<Value> = PromiseLike<Value> | ((signal: AbortSignal) => Value | PromiseLike<Value>)

/**
 * Waits for a promise, but not longer than a time limit or until a signal is aborted. If `work` is a function, the
 * signal that it gets is aborted when nobody waits for it any more. A function that ignores its signal makes nobody
 * wait. What comes too late is dropped, an error too.
 *
 * @throws what the work or `onTimeout` throws, or the reason of the signal
 */
export async function withTimeout<Value> (work: Work<Value>, limit: TimeLimit<Value>): Promise<Value> {
  const { timeout, onTimeout, signal, schedule = scheduleTimer } = limit
  const controller = new AbortController()
  const { promise, resolve, reject } = Promise.withResolvers<Value>()
  const onAbort = (): void => { reject(signal?.reason) }
  const endTime = (): void => {
    try {
      resolve((onTimeout as () => Value)())
      controller.abort()
    } catch (error) {
      reject(error)
    }
  }
  const cancel = timeout === undefined ? undefined : schedule(endTime, timeout)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    if (signal?.aborted === true) onAbort()
    if (typeof work !== 'function') work.then(resolve, reject)
    else if (signal?.aborted !== true) Promise.resolve(controller.signal).then(work).then(resolve, reject)
    return await promise
  } catch (error) {
    controller.abort(error)
    throw error
  } finally {
    cancel?.()
    signal?.removeEventListener('abort', onAbort)
  }
}
