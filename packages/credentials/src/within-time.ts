import type { Clock } from './clock.ts'
import { MTLS_ERR_CREDENTIALS_CLOSED, unavailable } from './errors.ts'

export interface WithinTimeOptions {
  readonly clock: Clock
  /** The time limit in milliseconds. */
  readonly timeout: number
  /** Aborted when the source is closed. */
  readonly signal: AbortSignal
  /** What is called, for the error. */
  readonly what: string
}

/**
 * Calls a function with a signal, and waits for its result until the time limit. It stops waiting even if the function
 * ignores the signal.
 *
 * @throws MTLS_ERR_CREDENTIALS_UNAVAILABLE (`timeout`), MTLS_ERR_CREDENTIALS_CLOSED, or the error of the function
 */
export async function withinTime<Answer> (
  ask: (signal: AbortSignal) => Answer | Promise<Answer>, { clock, timeout, signal, what }: WithinTimeOptions
): Promise<Answer> {
  const controller = new AbortController()
  return await new Promise<Answer>((resolve, reject) => {
    const end = (error: Error): void => {
      controller.abort(error)
      reject(error)
    }
    const onAbort = (): void => {
      end(new MTLS_ERR_CREDENTIALS_CLOSED(`${what}: the source was closed before an answer came`))
    }
    controller.signal.addEventListener('abort', () => { settle() }, { once: true })
    const onTimeout = (): void => { end(unavailable('timeout', `${what}: no answer within ${timeout} ms`)) }
    const cancel = clock.schedule(onTimeout, timeout)
    const settle = (): void => {
      cancel()
      signal.removeEventListener('abort', onAbort)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    else Promise.resolve().then(async () => await ask(controller.signal)).then(resolve, reject).finally(settle)
  })
}
