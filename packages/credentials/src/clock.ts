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
export const SYSTEM_CLOCK: Clock = Object.freeze({
  now: () => Date.now(),
  schedule: (task: () => void, delay: number) => {
    const timer = setTimeout(task, delay).unref()
    return () => { clearTimeout(timer) }
  }
})

/** One hour. Far below 2^31 - 1 ms, above which setTimeout fires at once. */
const LONGEST_SLEEP = 3_600_000

/**
 * Calls `task` when the clock reaches `time`. Reads the clock at least every hour, because a timer stops while the
 * machine sleeps, and does not notice that the clock was set.
 *
 * @returns a function that cancels it
 */
export function scheduleAt (clock: Clock, time: number, task: () => void): () => void {
  let cancel = (): void => {}
  const wait = (): void => {
    const left = time - clock.now()
    if (left <= 0) task()
    else cancel = clock.schedule(wait, Math.min(left, LONGEST_SLEEP))
  }
  cancel = clock.schedule(wait, Math.max(0, Math.min(time - clock.now(), LONGEST_SLEEP)))
  return () => { cancel() }
}
