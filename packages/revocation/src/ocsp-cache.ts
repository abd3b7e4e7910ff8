import type { RevocationStatus } from './revocation-status.ts'

/** A cached answer about one certificate. Times are milliseconds since the epoch. */
export interface OcspEntry {
  readonly status: RevocationStatus
  /** When the answer expires: the responder must be asked before answering. */
  readonly until: number
  /** When the answer is refreshed in the background. */
  readonly refreshAt: number
  /** When the last verified good answer expires; 0 if the last verified answer was another one. */
  readonly goodUntil: number
  /** thisUpdate of the last verified answer if it said revoked. An older answer does not undo it. */
  readonly revokedAsOf: number | undefined
}

/** Expiry times of answers that were given, cached or not. Rounded to ten seconds, so that there are few. */
export class Endings {
  readonly #times = new Set<number>()

  /** The rounded expiry time of an answer; never later than the exact one. */
  static round (until: number, now: number): number {
    return until - now > 60_000 ? Math.floor(until / 10_000) * 10_000 : until
  }

  add (until: number): void {
    this.#times.add(until)
  }

  /** Removes past times. Returns the next one, or Infinity. */
  next (now: number): number {
    let next = Infinity
    for (const time of this.#times) {
      if (time <= now) this.#times.delete(time)
      else if (time < next) next = time
    }
    return next
  }
}
