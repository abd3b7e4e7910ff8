/** A small seeded generator (mulberry32): the same seed, the same run, on every machine. */
export class Random {
  #state: number

  constructor (seed: number) {
    this.#state = seed
  }

  next (): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }

  below (limit: number): number {
    return Math.floor(this.next() * limit)
  }

  chance (share: number): boolean {
    return this.next() < share
  }

  pick<T> (from: readonly T[]): T {
    return from[this.below(from.length)] as T
  }

  some<T> (from: readonly T[], least: number, most: number): T[] {
    return Array.from({ length: least + this.below(most - least + 1) }, () => this.pick(from))
  }
}
