import { FALSE, TRUE } from './condition.ts'
import type { Condition, PeerValues, Truth } from './condition.ts'

/** Holds from a moment on, or before a moment. */
export class PeriodCondition implements Condition {
  readonly key: 'validFrom' | 'validUntil'
  /** In milliseconds since the epoch. */
  readonly moment: number

  constructor (key: 'validFrom' | 'validUntil', moment: number) {
    this.key = key
    this.moment = moment
  }

  test ({ circumstances: { now } }: PeerValues): Truth {
    // A clock that returns no number decides nothing: both comparisons are false.
    return (this.key === 'validFrom' ? now >= this.moment : now < this.moment) ? TRUE : FALSE
  }
}
