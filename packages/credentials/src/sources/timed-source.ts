import { count, duration, func, messageOf, WakeAt, wrongValue } from '@peerkit/identity/internal'
import type { OptionTypes } from '@peerkit/identity/internal'
import type { CheckedAuthority } from '../authority/check-authority.ts'
import { loadCheckers } from '../authority/crl-checkers.ts'
import type { Checkers } from '../authority/crl-checkers.ts'
import { DEFAULT_AUTHORITY } from '../authority/list-authorities.ts'
import { SYSTEM_CLOCK, backOff, holdProcessOpen, withinTime } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { causeOf, CredentialsClosedError, CredentialsOptionError, CredentialsUnavailableError } from '../errors.ts'
import { checkMaterial } from '../material/check-material.ts'
import type { CheckedMaterial } from '../material/check-material.ts'
import { CHECK_OPTIONS, OPTION_ORIGINS, crlsOf, digestInSlices, pickOptions } from '../material/material.ts'
import type { CheckOptions, CredentialMaterial, GivenMaterial } from '../material/material.ts'
import type { OpaqueKey } from '../pkcs11/opaque-key.ts'
import { openMaterial } from '../pkcs11/open-material.ts'
import type { CredentialSnapshot, CredentialSource } from './credential-snapshot.ts'
import { CREDENTIALS } from './frozen-snapshot.ts'
import { LiveSource } from './live-source.ts'
import type { SourceStatus } from './source-status.ts'

/** The longest wait that a provider or an issuer may ask for. A wrong date must not stop renewal for years. */
const DAY = 86_400_000

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
export interface Fetched {
  readonly material: GivenMaterial
  readonly refreshAfter: number | undefined
  /** When the issuer wants it to be renewed, in milliseconds since the epoch. */
  readonly renewAt?: number | undefined
}

interface FetchQuestion { readonly signal: AbortSignal, readonly previous: CredentialSnapshot | undefined }

/** When a source is fetched again, and how. */
export interface Timing {
  readonly clock: Clock
  readonly timeout: number
  readonly retry: { readonly first: number, readonly longest: number }
  readonly attempts: number
  readonly random: () => number
}

/** Where material comes from, and when the next one is due. */
export interface TimedPlan {
  /** What is called, for errors. */
  readonly what: string
  /** Calls the provider or the issuer. */
  readonly fetch: (question: FetchQuestion) => Promise<Fetched>
  /** When to fetch again after `snapshot`, in milliseconds since the epoch. */
  readonly nextAt: (snapshot: CredentialSnapshot, fetched: Fetched, timing: Timing) => number
}

/** A plan, and the options of the source. */
interface Timed extends TimedPlan {
  readonly timing: Timing
  readonly checkOptions: CheckOptions
}

interface Loaded {
  readonly checked: CheckedMaterial
  readonly fetched: Fetched
  makeCheckers (changed: readonly CheckedAuthority[]): Promise<Checkers>
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

/** Fills in the defaults of options. @throws CredentialsOptionError */
function readTiming (options: TimedOptions & Pick<CheckOptions, 'clock'>): Timing {
  const { timeout = 10_000, retryFirst: first = 1_000, attempts = 3, random = Math.random } = options
  const { retryLongest: longest = Math.max(60_000, first), clock = SYSTEM_CLOCK } = options
  if (longest < first) {
    throw wrongValue(CredentialsOptionError, 'retryLongest', longest, `at least retryFirst, ${first}`)
  }
  return { clock, timeout, retry: { first, longest }, attempts, random }
}

async function start (timed: Timed): Promise<TimedCredentials> {
  const { clock, retry, attempts, random } = timed.timing
  const signal = new AbortController().signal
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { checked, fetched, makeCheckers } = await load(timed, undefined, signal)
      const checkers = await makeCheckers(checked.authorities)
      return new TimedSource(checked, checkers, timed, fetched)
    } catch (error) {
      // Refused material would be refused again. A call that failed may succeed.
      if (attempt >= attempts || !(error instanceof CredentialsUnavailableError)) throw error
      const delay = waitAfter(error, backOff(attempt, { ...retry, random }))
      await new Promise<void>((resolve) => { clock.schedule(resolve, delay) })
    }
  }
}

class TimedSource extends LiveSource<CredentialSnapshot, CheckedMaterial> implements TimedCredentials {
  readonly #timed: Timed
  readonly #controller = new AbortController()
  /** What is in use. */
  #fetched: Fetched
  #failures = 0
  readonly #due: WakeAt
  /** Of the last failure. */
  #cause: string | undefined
  #fetching: Promise<CredentialSnapshot> | undefined

  constructor (checked: CheckedMaterial, checkers: Checkers, timed: Timed, fetched: Fetched) {
    const { clock } = timed.timing
    super(CREDENTIALS, checked, checkers, clock)
    this.#timed = timed
    this.#fetched = fetched
    this.#due = new WakeAt(() => { this.#refresh().catch(() => {}) }, {
      now: () => clock.now(), schedule: (task, delay) => clock.schedule(task, delay)
    })
    this.#waitUntil(timed.nextAt(this.current, fetched, timed.timing))
  }

  protected override describeOrigin (): Pick<SourceStatus, 'kind' | 'origin'> {
    return { kind: this.#timed.what, origin: this.#timed.what }
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
    const again = { ...this.#timed, fetch: async () => this.#fetched }
    try {
      const { checked, makeCheckers } = await load(
        again, this.current, this.#controller.signal, this.current.opaqueKey
      )
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
    const { nextAt, timing } = this.#timed
    const { clock, retry, random } = timing
    this.#due.clear()
    try {
      const { checked, fetched, makeCheckers } = await load(this.#timed, this.current, this.#controller.signal)
      const snapshot = this.take(checked, await makeCheckers(this.changedAuthorities(checked)))
      this.#fetched = fetched
      this.recover()
      this.#cause = undefined
      this.#failures = 0
      this.#waitUntil(nextAt(snapshot, fetched, timing))
      return snapshot
    } catch (error) {
      this.#failures += 1
      // A cause that lasts is told once, and not at every retry.
      const cause = causeOf(error as Error)
      if (cause !== this.#cause) this.refuse(error as Error)
      this.#cause = cause
      this.#waitUntil(clock.now() + waitAfter(error, backOff(this.#failures, { ...retry, random })))
      throw error
    }
  }
}

/**
 * Fetches and checks.
 *
 * @param inUse the key in a token that is not opened again if it fits. Default: none
 * @throws CredentialsUnavailableError, CredentialsRefusedError, CredentialsOptionError
 */
async function load (
  { fetch, what, timing, checkOptions }: Timed, previous: CredentialSnapshot | undefined, signal: AbortSignal,
  inUse?: OpaqueKey
): Promise<Loaded> {
  const { clock, timeout } = timing
  const fetchOnce = async (ownSignal: AbortSignal): Promise<Fetched> => await fetch({ signal: ownSignal, previous })
  const fetched = await ask(async () => await withinTime(fetchOnce, { clock, timeout, signal, what }), what)
  const material = await openMaterial(fetched.material, {
    certOrigin: OPTION_ORIGINS.cert, inUse, clock, timeout, signal
  })
  const crlDigests = await digestCrls(material)
  const checked = checkMaterial(material, {
    origins: OPTION_ORIGINS, options: checkOptions, previous, crlDigests
  })
  const makeCheckers = async (changed: readonly CheckedAuthority[]): Promise<Checkers> =>
    await loadCheckers(changed, (name) => crlsOf(material, name), clock, checked, previous)
  return { checked, fetched, makeCheckers }
}

/** The issuer may ask for a longer wait than ours. */
function waitAfter (error: unknown, delay: number): number {
  return error instanceof CredentialsUnavailableError ? Math.max(delay, error.retryAfter ?? 0) : delay
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
    const { code, retryAfter } = (error instanceof Error ? error : {}) as { code?: unknown, retryAfter?: unknown }
    if (String(code).startsWith('MTLS_ERR_CREDENTIALS_')) throw error
    const wait = typeof retryAfter === 'number' && retryAfter >= 0 ? { retryAfter: Math.min(retryAfter, DAY) } : {}
    throw new CredentialsUnavailableError('provider', `${what} failed: ${messageOf(error)}`, { cause: error, ...wait })
  }
}
