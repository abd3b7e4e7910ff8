import type { Clock } from '../clock.ts'
import type { CredentialsRefusedReason } from '../errors.ts'
import type { Followed } from './followed.ts'

/** Nothing that is still to be written could mend these. All else may be a file that is half written, or one of two that belong together. */
const LASTING: readonly (CredentialsRefusedReason | undefined)[] = ['expired', 'not_yet_valid', 'wrong_purpose', 'weak', 'no_anchor']

/** Remembers since when files have not fitted together, and says so when it lasts: certificate and key are rarely written at once. */
export class Unrest {
  readonly #source: Pick<Followed<never>, 'wait' | 'refuse'>
  readonly #clock: Clock
  readonly #settle: number
  #since: number | undefined
  #reported: string | undefined
  #failures = 0
  #doubted = false

  constructor (source: Pick<Followed<never>, 'wait' | 'refuse'>, clock: Clock, settle: number) {
    this.#source = source
    this.#clock = clock
    this.#settle = settle
  }

  /** Whether files that look as before are to be read again all the same. */
  get due (): boolean { return this.#doubted || this.#since !== undefined }

  /** Milliseconds until what fails is reported; Infinity where it has been. */
  get untilReport (): number {
    const left = (this.#since ?? Infinity) + this.#settle - this.#clock.now()
    return this.#reported === undefined ? Math.max(1, left) : Infinity
  }

  /** The files changed: repetitions begin anew. */
  stir (): void { this.#failures = 0 }

  /** The files may have changed unseen. */
  doubt (): void { this.#doubted = true }

  /** The files are in force. */
  calm (): void {
    this.#since = undefined
    this.#reported = undefined
    this.#failures = 0
    this.#doubted = false
  }

  /** Files were refused. Returns how often in a row. */
  fail (error: Error & { reason?: CredentialsRefusedReason }): number {
    this.#since ??= this.#clock.now()
    this.#doubted = false
    this.#failures += 1
    const lasts = LASTING.includes(error.reason) || this.#clock.now() - this.#since >= this.#settle
    if (!lasts) this.#source.wait(error)
    else if (error.message !== this.#reported) {
      this.#reported = error.message
      this.#source.refuse(error)
    }
    return this.#failures
  }
}
