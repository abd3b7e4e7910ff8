import type { Clock } from '../clock.ts'
import { causeOf } from '../errors.ts'
import type { CredentialsReason } from '../errors.ts'
import type { Part } from '../material/part.ts'
import type { Followed } from './load-files.ts'

/** Errors that no further write can fix. All others may be a file that is half written, or one of two files. */
const LASTING: readonly (CredentialsReason | undefined)[] = [
  'expired', 'not_yet_valid', 'wrong_purpose', 'weak', 'no_anchor'
]

/** A part whose files are refused. */
interface Trouble {
  readonly since: number
  /** The cause that was reported. */
  reported: string | undefined
}

/**
 * Remembers since when parts have been refused, and reports a refusal that lasts. Certificate and key are rarely
 * written at the same time.
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

  /** Whether files must be read again although their signature is unchanged. */
  get needsReread (): boolean { return this.#rereadRequested || this.#troubles.size > 0 }

  /** Whether the last read refused this part. */
  isRefused (part: Part): boolean { return this.#troubles.has(part) }

  /** Whether a refusal may still be a file that is half written. It is not reported yet. */
  mayPass (part: Part, { reason }: Error & { reason?: CredentialsReason }): boolean {
    const since = this.#troubles.get(part)?.since ?? this.#clock.now()
    return !LASTING.includes(reason) && this.#clock.now() - since < this.#reportAfter
  }

  /** Milliseconds until the next refusal is reported; Infinity if all have been reported. */
  get untilReport (): number {
    const waiting = [...this.#troubles.values()].filter(({ reported }) => reported === undefined)
    return Math.min(...waiting.map(({ since }) => Math.max(1, since + this.#reportAfter - this.#clock.now())))
  }

  /** Milliseconds until refused material becomes valid; Infinity if none does. */
  untilStart (refusals: ReadonlyMap<Part, Error & { readonly startsAt?: number }>): number {
    const now = this.#clock.now()
    const left = [...refusals.values()].map(({ startsAt = -Infinity }) => startsAt - now)
    return Math.min(...left.filter((time) => time > 0))
  }

  /** Call when the files changed: retries start again. */
  filesChanged (): void { this.#failures = 0 }

  /** Call when the files may have changed without a new signature. */
  requestReread (): void { this.#rereadRequested = true }

  /**
   * Records the refusals of the last read.
   *
   * @returns the number of reads in a row with refusals
   */
  recordRefusals (refusals: ReadonlyMap<Part, Error>): number {
    this.#rereadRequested = false
    this.#failures = refusals.size === 0 ? 0 : this.#failures + 1
    for (const part of this.#troubles.keys()) {
      if (!refusals.has(part)) this.#troubles.delete(part)
    }
    for (const [part, error] of refusals) this.#report(part, error)
    return this.#failures
  }

  #report (part: Part, error: Error): void {
    const trouble = this.#troubles.get(part) ?? { since: this.#clock.now(), reported: undefined }
    this.#troubles.set(part, trouble)
    const cause = causeOf(error)
    if (this.mayPass(part, error)) this.#source.wait(error, part)
    else if (cause !== trouble.reported) {
      trouble.reported = cause
      this.#source.refuse(error, part)
    }
  }
}
