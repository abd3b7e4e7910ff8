/** Allows a number of events per second. Unused events do not carry over. */
export class RateLimit {
  readonly #perSecond: number
  #second = -Infinity
  #taken = 0

  constructor (perSecond: number) {
    this.#perSecond = perSecond
  }

  /** Whether there is one left in this second. */
  get hasLeft (): boolean {
    const second = Math.floor(performance.now() / 1_000)
    if (second !== this.#second) {
      this.#second = second
      this.#taken = 0
    }
    return this.#taken < this.#perSecond
  }

  /** Takes one, if there is one left in this second. */
  take (): boolean {
    if (!this.hasLeft) return false
    this.#taken += 1
    return true
  }
}
