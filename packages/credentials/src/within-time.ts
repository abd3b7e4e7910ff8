import type { Clock } from './clock.ts'
import { MTLS_ERR_CREDENTIALS_CLOSED, unavailable } from './errors.ts'

export interface WithinTimeOptions {
  readonly clock: Clock
  /** Milliseconds. */
  readonly timeout: number
  /** Ends the wait too: the source is closed. */
  readonly signal: AbortSignal
  /** Who is asked, for the error. */
  readonly what: string
}

/**
 * Asks somebody else's function and waits for its answer, but not longer than this, whether it heeds its signal or not.
 *
 * @throws MTLS_ERR_CREDENTIALS_UNAVAILABLE (`timeout`), MTLS_ERR_CREDENTIALS_CLOSED, or whatever the function throws
 */
export async function withinTime<Answer> (ask: (signal: AbortSignal) => Answer | Promise<Answer>, { clock, timeout, signal, what }: WithinTimeOptions): Promise<Answer> {
  const controller = new AbortController()
  return await new Promise<Answer>((resolve, reject) => {
    const end = (error: Error): void => {
      controller.abort(error)
      reject(error)
    }
    const onAbort = (): void => { end(new MTLS_ERR_CREDENTIALS_CLOSED(`${what}: the source was closed before an answer came`)) }
    controller.signal.addEventListener('abort', () => { settle() }, { once: true })
    const cancel = clock.schedule(() => { end(unavailable('timeout', `${what}: no answer within ${timeout} ms`)) }, timeout)
    const settle = (): void => {
      cancel()
      signal.removeEventListener('abort', onAbort)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    else Promise.resolve().then(async () => await ask(controller.signal)).then(resolve, reject).finally(settle)
  })
}
