/** The longest delay of a timer, in milliseconds: 24.8 days. Node fires a longer one at once. */
export const LONGEST_TIMER: number = 2 ** 31 - 1

/** What cannot be told now, such as an unknown revocation status that was permitted, is asked for again after this. */
export const ASK_AGAIN_AFTER = 60_000
/** What was refused is asked for again after this: a client that repeats it must not cost more than a look-up. */
export const REFUSED_FOR = 10_000

/** A timer stops while the machine sleeps, and does not notice that the clock was set. So the clock is read hourly. */
const LONGEST_SLEEP = 3_600_000
/** Longer sleeps are rounded down to a multiple of this: Node keeps one list for each duration of its timers. */
const SLEEP_STEP = 10_000

/** Calls a task once after some milliseconds. Returns a function that cancels it. */
export type Schedule = (task: () => void, delay: number) => () => void

/** Schedules with the timers of Node. They do not keep the process alive. */
export const scheduleTimer: Schedule = (task, delay) => {
  const timer = setTimeout(task, Math.min(delay, LONGEST_TIMER)).unref()
  return () => { clearTimeout(timer) }
}

/**
 * A delay for a timer that looks again when it fires: a long one is rounded down, so that few durations are in use.
 *
 * @param delay milliseconds, also more than a timer can wait
 */
export function coarseDelay (delay: number): number {
  const wait = Math.max(0, Math.min(delay, LONGEST_TIMER))
  return wait > 2 * SLEEP_STEP ? wait - wait % SLEEP_STEP : Math.ceil(wait)
}

export interface WakeAtOptions {
  /** The clock, in milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: (() => number) | undefined
  /** Default: {@link scheduleTimer}. */
  readonly schedule?: Schedule | undefined
}

/**
 * Calls back when the clock has reached a moment, however far away. There is one moment at a time: a new one replaces
 * the former. If the clock is set forward, or the machine slept, it calls back late by an hour at most; if it is set
 * back, it waits again, except for a pause ({@link WakeAt.setAfter}).
 */
export class WakeAt {
  readonly #wake: () => void
  readonly #now: () => number
  readonly #schedule: Schedule
  #cancel: (() => void) | undefined
  #at: number = Infinity

  constructor (wake: () => void, { now = Date.now, schedule = scheduleTimer }: WakeAtOptions = {}) {
    this.#wake = wake
    this.#now = now
    this.#schedule = schedule
  }

  /** The moment, in milliseconds since the epoch; Infinity if none is set, or it has called back. */
  get at (): number { return this.#at }

  /** Whether the moment is over and the call is still to come. */
  get isDue (): boolean { return this.#at !== Infinity && this.#now() >= this.#at }

  /** Sets the moment. One that is over calls back in the next turn of the event loop; Infinity never does. */
  set (at: number): void {
    this.clear()
    this.#at = at
    if (at !== Infinity) this.#sleep(Math.max(at - this.#now(), 0))
  }

  /**
   * Sets a moment that is some milliseconds away, for a pause: if the clock is set back meanwhile, it waits no longer
   * than that.
   */
  setAfter (delay: number): void {
    this.clear()
    this.#at = this.#now() + delay
    this.#sleep(delay, delay)
  }

  clear (): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#at = Infinity
  }

  /** @param most how long it may wait, whatever the clock says */
  #sleep (left: number, most = Infinity): void {
    const wait = coarseDelay(Math.min(left, LONGEST_SLEEP))
    this.#cancel = this.#schedule(() => {
      const still = Math.min(this.#at - this.#now(), most - wait)
      if (still > 0) {
        this.#sleep(still, most - wait)
        return
      }
      this.clear()
      this.#wake()
    }, wait)
  }
}

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
