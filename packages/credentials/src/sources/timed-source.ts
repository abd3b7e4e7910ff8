import { WakeAt } from '@peerkit/identity/internal'
import type { Checkers } from '../authority/crl-checkers.ts'
import { backOff, holdProcessOpen } from '../clock.ts'
import { causeOf, CredentialsClosedError, CredentialsUnavailableError } from '../errors.ts'
import type { CheckedMaterial } from '../material/check-material.ts'
import { CHECK_OPTIONS, pickOptions } from '../material/material.ts'
import type { CheckOptions } from '../material/material.ts'
import type { CredentialSnapshot, CredentialSource } from './credential-snapshot.ts'
import { CREDENTIALS } from './frozen-snapshot.ts'
import { LiveSource } from './live-source.ts'
import { checkFetched, loadTimed } from './load-timed.ts'
import type { Loaded } from './load-timed.ts'
import { RenewalState } from './renewal-state.ts'
import { SharedRenewal } from './shared-renewal.ts'
import type { RenewalStatus, SourceStatus } from './source-status.ts'
import { readTiming } from './timed-plan.ts'
import type { Fetched, NextFetch, Timed, TimedOptions, TimedPlan, Timing } from './timed-plan.ts'

/** Credentials that are fetched again when they are due. */
export interface TimedCredentials extends CredentialSource {
  /**
   * Fetches now. If a fetch is running already, it waits for that one.
   *
   * @returns the snapshot in use
   * @throws CredentialsUnavailableError, CredentialsRefusedError; the former snapshot stays in use
   * @throws CredentialsClosedError after `close()`
   */
  refresh (): Promise<CredentialSnapshot>
}

/**
 * Makes a source of a plan.
 *
 * @param options options that were checked
 * @throws CredentialsOptionError, or the error of the last of the first fetches (option `attempts`)
 */
export async function startTimedSource (
  plan: TimedPlan, options: TimedOptions & CheckOptions
): Promise<TimedCredentials> {
  const checkOptions = pickOptions<CheckOptions>(options, CHECK_OPTIONS)
  const timed = { ...plan, timing: readTiming(options), checkOptions }
  return await holdProcessOpen(async () => await start(timed))
}

async function start (timed: Timed): Promise<TimedCredentials> {
  const { timing: { clock, attempts }, stored } = timed
  const shared = stored && new SharedRenewal(timed, stored)
  const signal = new AbortController().signal
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { checked, fetched, makeCheckers } = await obtain(timed, shared, undefined, signal)
      const checkers = await makeCheckers(checked.authorities)
      return new TimedSource(checked, checkers, { timed, shared, fetched })
    } catch (error) {
      // Refused material would be refused again. A call that failed may succeed.
      if (attempt >= attempts || !(error instanceof CredentialsUnavailableError)) throw error
      // Who starts the process is told that, instead of waiting for a day.
      if ((error.retryAfter ?? 0) > timed.timing.retry.longest) throw error
      const delay = waitAfter(error, attempt, timed.timing)
      await new Promise<void>((resolve) => { clock.schedule(resolve, delay) })
    }
  }
}

async function obtain (
  timed: Timed, shared: SharedRenewal | undefined, previous: CredentialSnapshot | undefined, signal: AbortSignal
): Promise<Loaded> {
  return await (shared === undefined ? loadTimed(timed, previous, signal) : shared.obtain(previous, signal))
}

/** What a source starts with. */
interface Started {
  readonly timed: Timed
  readonly shared: SharedRenewal | undefined
  readonly fetched: Fetched
}

class TimedSource extends LiveSource<CredentialSnapshot, CheckedMaterial> implements TimedCredentials {
  readonly #timed: Timed
  readonly #controller = new AbortController()
  /** What is in use. */
  #fetched: Fetched
  readonly #shared: SharedRenewal | undefined
  readonly #renewals: RenewalState
  readonly #due: WakeAt
  /** Of the last failure. */
  #cause: string | undefined
  #fetching: Promise<CredentialSnapshot> | undefined
  /** The check of what was fetched last, when a CA starts. */
  #rechecking: Promise<void> | undefined

  constructor (checked: CheckedMaterial, checkers: Checkers, { timed, shared, fetched }: Started) {
    const { clock } = timed.timing
    super(CREDENTIALS, checked, checkers, clock)
    this.#timed = timed
    this.#fetched = fetched
    this.#shared = shared
    this.#renewals = new RenewalState(clock.now())
    this.#due = new WakeAt(() => { this.#refresh().catch(() => {}) }, {
      now: () => clock.now(), schedule: (task, delay) => clock.schedule(task, delay)
    })
    this.#await(timed.next(this.current, fetched, timed.timing))
    this.#tellStore()
  }

  protected override describeOrigin (): Pick<SourceStatus, 'kind' | 'origin'> {
    const { what, name = what } = this.#timed
    return { kind: what, origin: name }
  }

  protected override describeRenewal (): RenewalStatus {
    const { name } = this.#timed
    const { at } = this.#due
    const store = this.#shared && { name: this.#shared.name, problem: this.#shared.problem }
    return {
      issuer: name,
      issuedBy: this.current.identity.issuer?.toString(),
      ...this.#renewals.describe(),
      nextRenewal: at === Infinity ? undefined : at,
      store
    }
  }

  async refresh (): Promise<CredentialSnapshot> {
    // Who asks is told, whatever was told before.
    this.#cause = undefined
    return await this.#refresh()
  }

  async #refresh (): Promise<CredentialSnapshot> {
    if (this.closed) throw new CredentialsClosedError('refresh() after close()')
    this.#fetching ??= this.#fetch().finally(() => { this.#fetching = undefined })
    return await this.#fetching
  }

  /**
   * Checks what was fetched last, after the fetch that is running. A fetch that begins meanwhile waits for this check:
   * it must not be left out, since nothing else would schedule the next one.
   */
  protected override recheck (): void {
    this.#rechecking ??= this.#recheck().catch(() => {}).finally(() => { this.#rechecking = undefined })
  }

  async #recheck (): Promise<void> {
    await this.#fetching?.catch(() => {})
    if (this.closed) return
    try {
      const { checked, makeCheckers } = await checkFetched(this.#timed, this.#fetched, {
        previous: this.current, signal: this.#controller.signal, inUse: this.current.opaqueKey
      })
      // This is not a recovery: if the last fetch failed, no fetch has succeeded since.
      this.take(checked, await makeCheckers(this.changedAuthorities(checked)))
    } catch (error) {
      this.refuse(error as Error)
      throw error
    }
  }

  protected override async stop (): Promise<void> {
    this.#due.clear()
    this.#controller.abort()
    await this.#fetching?.catch(() => {})
    await this.#rechecking
  }

  #await (next: NextFetch): void {
    if (this.closed) return
    if ('at' in next) this.#due.set(next.at)
    else this.#due.setAfter(next.after)
  }

  async #fetch (): Promise<CredentialSnapshot> {
    const { next, timing } = this.#timed
    const { clock } = timing
    this.#due.clear()
    try {
      if (this.#rechecking !== undefined) await this.#rechecking
      const { checked, fetched, makeCheckers } = await obtain(
        this.#timed, this.#shared, this.current, this.#controller.signal
      )
      const snapshot = this.take(checked, await makeCheckers(this.changedAuthorities(checked)))
      this.#fetched = fetched
      this.recover()
      this.#cause = undefined
      this.#renewals.succeed(clock.now())
      this.#await(next(snapshot, fetched, timing))
      return snapshot
    } catch (error) {
      const failures = this.#renewals.fail(error, clock.now())
      // A cause that lasts is told once, and not at every retry.
      const cause = causeOf(error as Error)
      if (cause !== this.#cause) this.refuse(error as Error)
      this.#cause = cause
      this.#await({ after: waitAfter(error, failures, timing) })
      throw error
    } finally {
      this.#tellStore()
    }
  }

  #tellStore (): void {
    this.#shared?.tellProblems((problem) => { this.warn(`the store of the certificate: ${problem}`) })
  }
}

/**
 * How long to wait after some failures, in milliseconds. The issuer may ask for a longer wait than ours. It tells many
 * instances the same moment, so up to a tenth of that wait, and the jitter of ours, are added at random.
 */
function waitAfter (error: unknown, failures: number, { retry, random }: Timing): number {
  const ours = backOff(failures, { ...retry, random })
  const asked = error instanceof CredentialsUnavailableError ? error.retryAfter ?? 0 : 0
  return asked > ours ? asked + random() * Math.max(asked / 10, ours) : ours
}
