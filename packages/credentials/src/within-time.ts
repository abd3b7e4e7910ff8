import { withTimeout } from '@peerkit/identity/internal'
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
 * Calls a function of the app with a signal, and waits for its result until the time limit.
 *
 * @throws MTLS_ERR_CREDENTIALS_UNAVAILABLE (`timeout`), MTLS_ERR_CREDENTIALS_CLOSED, or the error of the function
 */
export async function withinTime<Answer> (
  ask: (signal: AbortSignal) => Answer | Promise<Answer>, { clock, timeout, signal, what }: WithinTimeOptions
): Promise<Answer> {
  const answer = withTimeout(ask, {
    timeout,
    signal,
    schedule: (task, delay) => clock.schedule(task, delay),
    onTimeout: () => { throw unavailable('timeout', `${what}: no answer within ${timeout} ms`) }
  })
  return await answer.catch((error: unknown) => {
    if (!signal.aborted || error !== signal.reason) throw error
    throw new MTLS_ERR_CREDENTIALS_CLOSED(`${what}: the source was closed before an answer came`)
  })
}
