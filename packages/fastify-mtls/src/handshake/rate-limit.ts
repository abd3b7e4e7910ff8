import { reasonOfVerifyCode } from '@peerkit/events'

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

/** Refusals by OpenSSL that are explained each second, of each kind. Strangers can cause any number of them. */
const EXPLAINED_PER_SECOND = 10
/** Of both kinds together: the kind may be known only after explaining. */
const EXPLAINED_IN_ALL = 30

/** Limits how many refusals are explained each second. */
export class ExplanationLimits {
  readonly #all = new RateLimit(EXPLAINED_IN_ALL)
  /** Clients without a known CA. */
  readonly #strangers = new RateLimit(EXPLAINED_PER_SECOND)
  readonly #others = new RateLimit(EXPLAINED_PER_SECOND)

  /**
   * Whether a refusal with this OpenSSL code may be explained. A code that does not mean an unknown CA may still belong
   * to a stranger.
   */
  start (code: string): boolean {
    const limit = reasonOfVerifyCode(code) === 'unknown_ca' ? this.#strangers : this.#others
    return limit.hasLeft && this.#all.take()
  }

  /** Counts an explained refusal by its actual kind. */
  end (isStranger: boolean): void {
    (isStranger ? this.#strangers : this.#others).take()
  }
}
