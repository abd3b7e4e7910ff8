import type { RevocationStatus } from './revocation-status.ts'

/** What is remembered about one certificate. Milliseconds since the epoch. */
export interface OcspEntry {
  readonly status: RevocationStatus
  /** From when on it must be asked again before answering. */
  readonly until: number
  /** From when on it is asked again beside answering. */
  readonly refreshAt: number
  /** The end of the last verified good answer, for as long as no other one came. */
  readonly goodUntil: number
  /** thisUpdate of the last verified answer, where that said revoked: an older one does not take it back. */
  readonly revokedAsOf: number | undefined
}

/** The answers used last, at most so many of them. */
export class OcspCache {
  readonly #limit: number
  readonly #entries = new Map<string, OcspEntry>()

  constructor (limit: number) {
    this.#limit = limit
  }

  get size (): number { return this.#entries.size }

  get (key: string): OcspEntry | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry
  }

  set (key: string, entry: OcspEntry): void {
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    if (this.#entries.size > this.#limit) this.#entries.delete(this.#entries.keys().next().value!)
  }

  clear (): void {
    this.#entries.clear()
  }
}

/** When answers that were given end, whether they are still remembered or not. Whole ten seconds, so that there are few of them. */
export class Endings {
  readonly #times = new Set<number>()

  /** The end to use for an answer that ends then: never later. */
  static round (until: number, now: number): number {
    return until - now > 60_000 ? Math.floor(until / 10_000) * 10_000 : until
  }

  add (until: number): void {
    this.#times.add(until)
  }

  /** Forgets what has ended; the next end, or Infinity. */
  next (now: number): number {
    let next = Infinity
    for (const time of this.#times) {
      if (time <= now) this.#times.delete(time)
      else if (time < next) next = time
    }
    return next
  }
}
