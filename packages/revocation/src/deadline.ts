/** Timers are limited to 31 bits of milliseconds, and the machine may sleep, so the time is checked each hour. */
const LONGEST = 3_600_000

/** Calls back when the clock has reached a time. Does not keep the process alive. */
export class Deadline {
  readonly #now: () => number
  readonly #reached: () => void
  #timer: NodeJS.Timeout | undefined
  #at: number = Infinity

  constructor (now: () => number, reached: () => void) {
    this.#now = now
    this.#reached = reached
  }

  /** Milliseconds since the epoch; Infinity if no time is set. */
  get at (): number { return this.#at }

  /** Whether the time has passed, even if the timer is late. */
  get passed (): boolean { return this.#at !== Infinity && this.#now() >= this.#at }

  set (at: number): void {
    this.clear()
    this.#at = at
    this.#arm()
  }

  clear (): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#at = Infinity
  }

  #arm (): void {
    if (this.#at === Infinity) return
    const delay = Math.min(Math.max(this.#at - this.#now(), 1), LONGEST)
    this.#timer = setTimeout(() => { this.passed ? this.#reached() : this.#arm() }, delay)
    this.#timer.unref()
  }
}
