/** Numbers that a seed repeats (mulberry32), so that a finding can be found again. */
export class Random {
  #state: number

  constructor (seed: number) { this.#state = seed >>> 0 }

  /** From 0 up to, and without, `below`. */
  below (below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296 * below)
  }

  pick<T> (from: readonly T[]): T { return from[this.below(from.length)] as T }
}
