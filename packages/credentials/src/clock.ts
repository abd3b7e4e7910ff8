/** Time as the sources know it; tests and simulations give their own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now (): number
  /** Calls `task` once, `delay` milliseconds from now, without keeping the process alive. Returns what cancels it. */
  schedule (task: () => void, delay: number): () => void
}

/** The machine's clock. */
export const SYSTEM_CLOCK: Clock = Object.freeze({
  now: () => Date.now(),
  schedule: (task: () => void, delay: number) => {
    const timer = setTimeout(task, delay).unref()
    return () => { clearTimeout(timer) }
  }
})

/** One hour: also far below 2^31 - 1, beyond which setTimeout fires at once. */
const LONGEST_SLEEP = 3_600_000

/**
 * Calls `task` when the clock says `time`. It looks at the clock at least every hour, since a timer stands still while the machine sleeps, and knows nothing of a
 * clock that is set. Returns what cancels it.
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
