import type { Clock } from '../clock.ts'
import type { CredentialsRefusedReason } from '../errors.ts'
import type { Part } from '../part.ts'
import type { Followed } from './followed.ts'

/**
 * Nothing that is still to be written could mend these. All else may be a file that is half written, or one of two that
 * belong together.
 */
const LASTING: readonly (CredentialsRefusedReason | undefined)[] = ['expired', 'not_yet_valid', 'wrong_purpose', 'weak', 'no_anchor']

/** A part of the files that does not fit. */
interface Trouble {
  readonly since: number
  /** What was said of it. */
  reported: string | undefined
}

/**
 * Remembers since when parts of the files have not fitted together, and says so when it lasts: certificate and key are
 * rarely written at once.
 */
export class ReloadState {
  readonly #source: Pick<Followed<never>, 'wait' | 'refuse'>
  readonly #clock: Clock
  readonly #reportAfter: number
  readonly #troubles = new Map<Part, Trouble>()
  #failures = 0
  #rereadRequested = false

  constructor (source: Pick<Followed<never>, 'wait' | 'refuse'>, clock: Clock, reportAfter: number) {
    this.#source = source
    this.#clock = clock
    this.#reportAfter = reportAfter
  }

  /** Whether files that look as before are to be read again all the same. */
  get needsReread (): boolean { return this.#rereadRequested || this.#troubles.size > 0 }

  /** Milliseconds until what fails is reported; Infinity where all of it has been. */
  get untilReport (): number {
    const waiting = [...this.#troubles.values()].filter(({ reported }) => reported === undefined)
    return Math.min(...waiting.map(({ since }) => Math.max(1, since + this.#reportAfter - this.#clock.now())))
  }

  /** The files changed: repetitions begin anew. */
  filesChanged (): void { this.#failures = 0 }

  /** The files may have changed unseen. */
  requestReread (): void { this.#rereadRequested = true }

  /** The files were read, and these parts of them refused. Returns how often in a row there were any. */
  note (refusals: ReadonlyMap<Part, Error>): number {
    this.#rereadRequested = false
    this.#failures = refusals.size === 0 ? 0 : this.#failures + 1
    for (const part of this.#troubles.keys()) {
      if (!refusals.has(part)) this.#troubles.delete(part)
    }
    for (const [part, error] of refusals) this.#report(part, error)
    return this.#failures
  }

  #report (part: Part, error: Error & { reason?: CredentialsRefusedReason }): void {
    const trouble = this.#troubles.get(part) ?? { since: this.#clock.now(), reported: undefined }
    this.#troubles.set(part, trouble)
    const lasts = LASTING.includes(error.reason) || this.#clock.now() - trouble.since >= this.#reportAfter
    if (!lasts) this.#source.wait(error, part)
    else if (error.message !== trouble.reported) {
      trouble.reported = error.message
      this.#source.refuse(error, part)
    }
  }
}
