import { count, duration, func, WakeAt, wrongValue } from '@peerkit/identity/internal'
import type { OptionTypes } from '@peerkit/identity/internal'
import type { CheckedAuthority } from '../authority/check-authority.ts'
import { loadCheckers } from '../authority/crl-checkers.ts'
import type { Checkers } from '../authority/crl-checkers.ts'
import { DEFAULT_AUTHORITY } from '../authority/list-authorities.ts'
import { backOff, holdProcessOpen, withinTime } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { causeOf, CredentialsClosedError, CredentialsOptionError, CredentialsUnavailableError } from '../errors.ts'
import { checkMaterial } from '../material/check-material.ts'
import type { CheckedMaterial } from '../material/check-material.ts'
import { crlsOf, digestInSlices, OPTION_ORIGINS } from '../material/material.ts'
import type { CheckOptions, CredentialMaterial } from '../material/material.ts'
import type { CredentialSnapshot, CredentialSource } from './credential-snapshot.ts'
import { CREDENTIALS } from './frozen-snapshot.ts'
import { LiveSource } from './live-source.ts'

/** How a provider or an issuer is called. */
export interface TimedOptions {
  /** Time limit of a call, in milliseconds. Default 10,000. */
  readonly timeout?: number | undefined
  /** Milliseconds before the first retry of a call that failed. Doubles with each retry. Default 1,000. */
  readonly retryFirst?: number | undefined
  /** The longest time between two retries, in milliseconds. Default 60,000. */
  readonly retryLongest?: number | undefined
  /** Number of calls at the start before the source gives up. Default 3. */
  readonly attempts?: number | undefined
  /** Returns random numbers from 0 up to 1, for jitter. Default `Math.random`. */
  readonly random?: (() => number) | undefined
}

export const TIMED_OPTIONS: OptionTypes<TimedOptions> = {
  timeout: duration(), retryFirst: duration(), retryLongest: duration(), attempts: count({ least: 1 }), random: func()
}

export interface ReadTimedOptions {
  readonly timeout: number
  readonly retry: { readonly first: number, readonly longest: number }
  readonly attempts: number
  readonly random: () => number
}

/** Fills in the defaults of options that were checked. @throws CredentialsOptionError */
export function readTimedOptions (
  { timeout = 10_000, retryFirst: first = 1_000, retryLongest, attempts = 3, random = Math.random }: TimedOptions
): ReadTimedOptions {
  const longest = retryLongest ?? Math.max(60_000, first)
  if (longest < first) {
    throw wrongValue(CredentialsOptionError, 'retryLongest', longest, `at least retryFirst, ${first}`)
  }
  return { timeout, retry: { first, longest }, attempts, random }
}

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

/** What was fetched, and optionally the milliseconds until the next fetch. */
export interface Fetched { readonly material: CredentialMaterial, readonly refreshAfter: number | undefined }

interface FetchQuestion { readonly signal: AbortSignal, readonly previous: CredentialSnapshot | undefined }

export interface TimedPlan {
  /** Calls the provider or the issuer. */
  readonly fetch: (question: FetchQuestion) => Promise<Fetched>
  /** When to fetch again after `snapshot`, in milliseconds since the epoch. */
  readonly nextAt: (snapshot: CredentialSnapshot, refreshAfter: number | undefined) => number
  readonly what: string
  readonly clock: Clock
  readonly timeout: number
  readonly retry: { readonly first: number, readonly longest: number }
  readonly random: () => number
  readonly options: CheckOptions
}

interface Loaded {
  readonly checked: CheckedMaterial
  readonly fetched: Fetched
  makeCheckers (changed: readonly CheckedAuthority[]): Promise<Checkers>
}

/** Makes a source of a plan. Rejects if the first `attempts` fetches fail. */
export async function startTimedSource (plan: TimedPlan, attempts: number): Promise<TimedCredentials> {
  return await holdProcessOpen(async () => await start(plan, attempts))
}

async function start (plan: TimedPlan, attempts: number): Promise<TimedCredentials> {
  const signal = new AbortController().signal
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { checked, fetched, makeCheckers } = await load(plan, undefined, signal)
      const checkers = await makeCheckers(checked.authorities)
      return new TimedSource(checked, checkers, { plan, fetched })
    } catch (error) {
      // Refused material would be refused again. A call that failed may succeed.
      if (attempt >= attempts || !(error instanceof CredentialsUnavailableError)) throw error
      const delay = backOff(attempt, { ...plan.retry, random: plan.random })
      await new Promise<void>((resolve) => { plan.clock.schedule(resolve, delay) })
    }
  }
}

class TimedSource extends LiveSource<CredentialSnapshot, CheckedMaterial> implements TimedCredentials {
  readonly #plan: TimedPlan
  readonly #controller = new AbortController()
  /** What is in use. */
  #fetched: Fetched
  #failures = 0
  readonly #due: WakeAt
  /** Of the last failure. */
  #cause: string | undefined
  #fetching: Promise<CredentialSnapshot> | undefined

  constructor (
    checked: CheckedMaterial, checkers: Checkers,
    { plan, fetched }: { plan: TimedPlan, fetched: Fetched }
  ) {
    super(CREDENTIALS, checked, checkers, plan.clock)
    this.#plan = plan
    this.#fetched = fetched
    const { clock } = plan
    this.#due = new WakeAt(() => { this.#refresh().catch(() => {}) }, {
      now: () => clock.now(), schedule: (task, delay) => clock.schedule(task, delay)
    })
    this.#waitUntil(plan.nextAt(this.current, fetched.refreshAfter))
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

  /** Checks what was fetched last. If a fetch is running, that one does. */
  protected override recheck (): void {
    this.#fetching ??= this.#recheck().finally(() => { this.#fetching = undefined })
    this.#fetching.catch(() => {})
  }

  async #recheck (): Promise<CredentialSnapshot> {
    const plan = { ...this.#plan, fetch: async () => this.#fetched }
    try {
      const { checked, makeCheckers } = await load(plan, this.current, this.#controller.signal)
      return this.take(checked, await makeCheckers(this.changedAuthorities(checked)))
    } catch (error) {
      this.refuse(error as Error)
      throw error
    }
  }

  protected override async stop (): Promise<void> {
    this.#due.clear()
    this.#controller.abort()
    await this.#fetching?.catch(() => {})
  }

  #waitUntil (time: number): void {
    if (!this.closed) this.#due.set(time)
  }

  async #fetch (): Promise<CredentialSnapshot> {
    const { clock, nextAt, retry, random } = this.#plan
    this.#due.clear()
    try {
      const { checked, fetched, makeCheckers } = await load(this.#plan, this.current, this.#controller.signal)
      const snapshot = this.take(checked, await makeCheckers(this.changedAuthorities(checked)))
      this.#fetched = fetched
      this.recover()
      this.#cause = undefined
      this.#failures = 0
      this.#waitUntil(nextAt(snapshot, fetched.refreshAfter))
      return snapshot
    } catch (error) {
      this.#failures += 1
      // A cause that lasts is told once, and not at every retry.
      const cause = causeOf(error as Error)
      if (cause !== this.#cause) this.refuse(error as Error)
      this.#cause = cause
      this.#waitUntil(clock.now() + backOff(this.#failures, { ...retry, random }))
      throw error
    }
  }
}

/**
 * Fetches and checks.
 *
 * @throws CredentialsUnavailableError, CredentialsRefusedError, CredentialsOptionError
 */
async function load (
  { fetch, what, clock, timeout, options }: TimedPlan, previous: CredentialSnapshot | undefined, signal: AbortSignal
): Promise<Loaded> {
  const fetchOnce = async (ownSignal: AbortSignal): Promise<Fetched> => await fetch({ signal: ownSignal, previous })
  const fetched = await ask(async () => await withinTime(fetchOnce, { clock, timeout, signal, what }), what)
  const { material } = fetched
  const crlDigests = await digestCrls(material)
  const checked = checkMaterial(material, { origins: OPTION_ORIGINS, options, previous, crlDigests })
  const makeCheckers = async (changed: readonly CheckedAuthority[]): Promise<Checkers> =>
    await loadCheckers(changed, (name) => crlsOf(material, name), options.clock ?? clock, checked, previous)
  return { checked, fetched, makeCheckers }
}

async function digestCrls (material: CredentialMaterial): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = Object.keys(material.authorities ?? { [DEFAULT_AUTHORITY]: material })
  return new Map(await Promise.all(names.map(async (name) => {
    return [name, await Promise.all(crlsOf(material, name).map(digestInSlices))] as const
  })))
}

/**
 * Keeps errors of this package. Any other error of a provider or an issuer becomes CredentialsUnavailableError.
 */
async function ask<Answer> (question: () => Promise<Answer>, what: string): Promise<Answer> {
  try {
    return await question()
  } catch (error) {
    const isError = error instanceof Error
    const { code } = (isError ? error : {}) as { code?: unknown }
    if (String(code).startsWith('MTLS_ERR_CREDENTIALS_')) throw error
    throw new CredentialsUnavailableError('provider', `${what} failed: ${isError ? error.message : String(error)}`, {
      cause: error
    })
  }
}
