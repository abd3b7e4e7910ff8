import { RateLimit } from './rate-limit.ts'
import { explainVerifyCode } from './refusal.ts'

/** Refusals by OpenSSL that are explained, a second, of each kind: strangers decide how many there are. */
const EXPLAINED_PER_SECOND = 10
/** Of both kinds together: whose a certificate is may be known only when it was explained. */
const EXPLAINED_IN_ALL = 30

/** How many refusals are explained each second. */
export class ExplanationLimits {
  readonly #all = new RateLimit(EXPLAINED_IN_ALL)
  /** Of clients without a known CA, who may be many. */
  readonly #strangers = new RateLimit(EXPLAINED_PER_SECOND)
  readonly #others = new RateLimit(EXPLAINED_PER_SECOND)

  /** Whether a refusal with this code of OpenSSL may be explained. A code that tells no stranger may still turn out to be one's. */
  start (code: string): boolean {
    const limit = explainVerifyCode(code) === 'unknown_ca' ? this.#strangers : this.#others
    return limit.hasLeft && this.#all.take()
  }

  /** Counts a refusal that was explained, by what it turned out to be. */
  end (isStranger: boolean): void {
    (isStranger ? this.#strangers : this.#others).take()
  }
}
