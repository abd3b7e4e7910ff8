import { methods, scheduleTimer, withTimeout } from '@peerkit/identity/internal'
import type { OptionType } from '@peerkit/identity/internal'
import { CredentialsClosedError, CredentialsUnavailableError } from './errors.ts'

/** The clock of a source. Tests and simulations can pass their own. */
export interface Clock {
  /** Returns the time in milliseconds since the epoch. */
  now (): number
  /**
   * Calls `task` once after `delay` milliseconds. Must not keep the process alive. Returns a function that cancels it.
   */
  schedule (task: () => void, delay: number): () => void
}

/** The system clock. */
export const SYSTEM_CLOCK: Clock = Object.freeze({ now: () => Date.now(), schedule: scheduleTimer })

/** The option `clock`. */
export const CLOCK: OptionType = methods(['now', 'schedule'])

/** Longer than any start, in milliseconds. */
const LONG = 2 ** 30

/**
 * Keeps the process alive while a source starts. All timers of a source are unreferenced. Without this, a program that
 * awaits its credentials at top level would exit silently (exit code 13).
 */
export async function holdProcessOpen<Result> (task: () => Promise<Result>): Promise<Result> {
  const alive = setInterval(() => {}, LONG)
  try {
    return await task()
  } finally {
    clearInterval(alive)
  }
}

/** How long to wait before trying again. */
interface BackoffOptions {
  /** Milliseconds before the first retry. */
  readonly first: number
  /** The longest wait, in milliseconds. */
  readonly longest: number
  /** A number from 0 up to 1, as `Math.random` gives. */
  readonly random: () => number
}

/**
 * Returns the wait before the next retry. It doubles with each failure. Up to half of it is jitter, so that instances
 * that failed together do not retry together.
 */
export function backOff (failures: number, { first, longest, random }: BackoffOptions): number {
  const most = Math.min(longest, first * 2 ** Math.min(failures - 1, 30))
  return most - random() * most / 2
}

interface WithinTimeOptions {
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
 * @throws CredentialsUnavailableError (`timeout`), CredentialsClosedError, or the error of the function
 */
export async function withinTime<Answer> (
  ask: (signal: AbortSignal) => Answer | Promise<Answer>, { clock, timeout, signal, what }: WithinTimeOptions
): Promise<Answer> {
  const answer = withTimeout(ask, {
    timeout,
    signal,
    schedule: (task, delay) => clock.schedule(task, delay),
    onTimeout: () => { throw new CredentialsUnavailableError('timeout', `${what}: no answer within ${timeout} ms`) }
  })
  return await answer.catch((error: unknown) => {
    if (!signal.aborted || error !== signal.reason) throw error
    throw new CredentialsClosedError(`${what}: the source was closed before an answer came`)
  })
}
