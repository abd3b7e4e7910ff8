import type { CheckOptions, Clock } from '@peerkit/credentials'
import { startPushedCredentials, startPushedTrust } from '@peerkit/credentials/internal'
import type { PushedCredentials, PushedMaterial, PushedOptions, PushedTrust } from '@peerkit/credentials/internal'
import { WakeAt } from '@peerkit/identity/internal'
import { BundleSet } from '../bundle/bundle-set.ts'
import type { BundleSource, HeldBundle } from '../bundle/bundle-source.ts'
import { SpiffeInvalidError, SpiffeOptionError } from '../errors.ts'
import { checkFirst, checkTrustDomain, refuseOwnDomain } from './check-trust-domain.ts'
import { isOurs, listAuthorities } from './list-authorities.ts'
import type { OwnFeed, OwnUpdate } from './own-feed.ts'
import type { TrustDomainBundle } from './read-update.ts'
import { isTrustDomain } from './trust-domain.ts'

export interface AssemblyOptions {
  /** Undefined: a trust without a certificate and key. */
  readonly own: OwnFeed | undefined
  readonly bundles: readonly BundleSource[]
  /** Whether a bundle of the Workload API is used that is not that of our own trust domain. */
  readonly accepts: (trustDomain: string) => boolean
  readonly check: CheckOptions
  readonly clock: Clock
  readonly random: () => number
  /** Makes the error of a start that took too long. */
  readonly onTimeout: (problem: Error | undefined) => Error
}

/**
 * Makes one source of our X.509-SVID and of all bundles. What changes is checked together with what is in use, one
 * change after the other.
 */
export class Assembly {
  readonly #options: AssemblyOptions
  readonly #set: BundleSet
  #source: PushedCredentials | PushedTrust | undefined
  /** The last X.509-SVID that was not looked at yet. */
  #pending: (() => OwnUpdate | Promise<OwnUpdate>) | undefined
  /** What is in use; before the start what will be. */
  #own: OwnUpdate | undefined
  /** The last one, if it was refused: another bundle, or the time, may make it good. */
  #refused: OwnUpdate | undefined
  /** Whether it was taken back, and no other has come since. */
  #isWithdrawn = false
  /** How often it was taken back. */
  #withdrawals = 0
  /** The CA certificates of each source that are in use. */
  #used: ReadonlyMap<string, readonly string[]> = new Map()
  /** Warnings from before the start, when nobody listens. They are in the first snapshot. */
  #early: string[] = []
  #isStarted = false
  #isDirty = false
  #isBusy = false
  #isClosed = false
  /** Why there is nothing yet. */
  #problem: Error | undefined
  /** When an X.509-SVID starts that was refused because it is not valid yet. */
  readonly #nextStart: WakeAt
  #onOwn: (() => void) | undefined
  #onSource: ((source: PushedCredentials | PushedTrust) => void) | undefined
  #onMistake: ((error: SpiffeOptionError) => void) | undefined

  /** @throws SpiffeOptionError if two sources are for one trust domain */
  constructor (options: AssemblyOptions) {
    this.#options = options
    const { clock } = options
    this.#nextStart = new WakeAt(() => { this.#changed() }, {
      now: () => clock.now(), schedule: (task, delay) => clock.schedule(task, delay)
    })
    this.#set = new BundleSet(options.bundles, {
      clock,
      random: options.random,
      findOther: (trustDomain) => this.#findOwn(trustDomain),
      onChange: () => { this.#changed() },
      onWarning: (message) => {
        if (this.#source === undefined) this.#early.push(message)
        else this.#source.warn(message)
      }
    })
  }

  /**
   * Waits for the first X.509-SVID, for the first attempt of each source of bundles, and for the bundles that are
   * needed.
   *
   * @throws the error of `onTimeout`, or of a source that can never work
   */
  async start (waitFor: number): Promise<PushedCredentials | PushedTrust> {
    const { own, clock, onTimeout } = this.#options
    const { promise, resolve, reject } = Promise.withResolvers<PushedCredentials | PushedTrust>()
    this.#onSource = resolve
    this.#onMistake = reject
    const cancel = clock.schedule(() => { reject(onTimeout(this.#problem ?? this.#findProblem())) }, waitFor)
    this.#begin(own).catch(reject)
    try {
      return await promise
    } catch (error) {
      await this.#close()
      throw error
    } finally {
      cancel()
    }
  }

  async #begin (own: OwnFeed | undefined): Promise<void> {
    if (own !== undefined) {
      const first = new Promise<void>((resolve) => { this.#onOwn = resolve })
      await own.open({
        onUpdate: (read) => {
          this.#pending = read
          this.#run()
        },
        onFailure: (error, cause) => { this.#fail(error, cause) },
        onWithdrawn: () => {
          // What arrived before does not bring the identity back.
          this.#isWithdrawn = true
          this.#withdrawals += 1
          this.#pending = undefined
          this.#refused = undefined
          this.#source?.withdraw()
        }
      })
      await first
    }
    await this.#set.start()
    this.#isStarted = true
    this.#changed()
  }

  /** Why a source gives no bundle. @param needed the trust domain; undefined: any */
  #findProblem (needed?: string): Error | undefined {
    const held = [...this.#set.list()].filter(([name]) => needed === undefined || name === needed)
    const problem = held.find(([, one]) => one.problem !== undefined)?.[1].problem
    const empty = held.find(([, { document }]) => document?.ca.length === 0)?.[0]
    if (problem !== undefined || empty === undefined) return problem
    return new SpiffeInvalidError('empty', `that of ${empty} has no CA certificates`)
  }

  #findOwn (trustDomain: string): TrustDomainBundle | undefined {
    const bundle = this.#own?.bundles.get(trustDomain)
    return bundle instanceof Error ? undefined : bundle
  }

  async #close (): Promise<void> {
    this.#isClosed = true
    this.#nextStart.clear()
    await Promise.all([this.#options.own?.close(), this.#set.close()])
  }

  #changed (): void {
    this.#isDirty = true
    this.#run()
  }

  #fail (error: Error, cause?: string): void {
    this.#problem = error
    this.#source?.fail(error, cause)
  }

  #run (): void {
    if (!this.#isBusy) this.#work().catch(() => {})
  }

  async #work (): Promise<void> {
    this.#isBusy = true
    while ((this.#pending !== undefined || (this.#isDirty && this.#isStarted)) && !this.#isClosed) await this.#use()
    this.#isBusy = false
  }

  async #use (): Promise<void> {
    const read = this.#pending
    const withdrawals = this.#withdrawals
    this.#pending = undefined
    if (read !== undefined) this.#refused = undefined
    this.#nextStart.clear()
    try {
      const next = await read?.()
      const isCurrent = withdrawals === this.#withdrawals
      if (next !== undefined && isCurrent) this.#isWithdrawn = false
      if (this.#source === undefined && next !== undefined) {
        this.#own = next
        refuseOwnDomain(next, this.#set)
        this.#onOwn?.()
      }
      if (!this.#isStarted) return
      const isDirty = this.#isDirty
      this.#isDirty = false
      if (this.#source === undefined) await this.#startSource(this.#own)
      else await this.#renew(this.#source, isCurrent ? next ?? this.#refused : undefined, isDirty)
    } catch (error) {
      if (error instanceof SpiffeOptionError) this.#onMistake?.(error)
      this.#fail(error as Error)
      if (this.#source === undefined) this.#awaitStart(error as Error)
    }
  }

  /**
   * @param next set if certificate and key are new
   * @param isDirty whether bundles may have changed too
   */
  async #renew (
    source: PushedCredentials | PushedTrust, next: OwnUpdate | undefined, isDirty: boolean
  ): Promise<void> {
    const withdrawals = this.#withdrawals
    const problem = await this.#push(source, next)
    if (problem === undefined) this.#refused = undefined
    if (problem === undefined || next === undefined || withdrawals !== this.#withdrawals) return
    this.#refused = next
    this.#awaitStart(problem)
    // Bundles are used also while our own certificate cannot be renewed.
    if (isDirty) await this.#push(source, undefined)
  }

  /** The agent sends nothing new only because time passes. */
  #awaitStart ({ startsAt }: Error & { readonly startsAt?: number | undefined }): void {
    if (startsAt !== undefined && !this.#isClosed) this.#nextStart.set(startsAt)
  }

  async #startSource (own: OwnUpdate | undefined): Promise<void> {
    const held = this.#set.list()
    const { check } = this.#options
    const given = this.#assemble(own, own, held)
    const options: PushedOptions = {
      ...check,
      origin: 'the X.509-SVID',
      from: this.#describeOrigin(),
      mayAdd: (name) => isTrustDomain(name) && this.#mayAdd(name),
      listFetched: () => this.#set.status().filter(({ authority }) => !this.#isOurs(authority)),
      onClose: async () => { await this.#close() }
    }
    checkFirst(given.authorities, own, (name) => this.#findProblem(name))
    const source = await (own === undefined ? startPushedTrust(given, options) : startPushedCredentials(given, options))
    if (this.#isClosed) return await source.close()
    this.#source = source
    this.#noteUsed(held)
    if (this.#isWithdrawn) source.withdraw()
    this.#onSource?.(source)
  }

  /** @returns why it was refused, which subscribers were told */
  async #push (source: PushedCredentials | PushedTrust, next: OwnUpdate | undefined): Promise<Error | undefined> {
    const held = this.#set.list()
    const before = this.#own
    // What was said of the start is said until something changes.
    if (next !== undefined || [...held].some(([name, one]) => this.#isNew(name, one))) this.#early = []
    try {
      if (next !== undefined) checkTrustDomain(next, this.#set)
      const given = this.#assemble(next ?? before, next, held)
      // Subscribers are told within the push, and may ask for the status.
      if (next !== undefined) this.#own = next
      await source.push(given)
    } catch (error) {
      this.#own = before
      this.#fail(error as Error)
      return error as Error
    }
    this.#noteUsed(held)
    return undefined
  }

  /** A problem of a source with a new document is told after the document was used. */
  #noteUsed (held: ReadonlyMap<string, HeldBundle>): void {
    if ([...held].some(([name, one]) => one.problem !== undefined && this.#isNew(name, one))) this.#isDirty = true
    this.#used = new Map([...held].map(([name, { document }]) => [name, document?.ca ?? []]))
  }

  #isNew (name: string, { document }: HeldBundle): boolean {
    return document !== undefined && document.ca !== this.#used.get(name)
  }

  /** @param next set if certificate and key are new */
  #assemble (
    own: OwnUpdate | undefined, next: OwnUpdate | undefined, held: ReadonlyMap<string, HeldBundle>
  ): PushedMaterial {
    const authorities = listAuthorities(own, held, {
      accepts: (name) => !this.#set.has(name) && this.#options.accepts(name),
      isNew: (name, one) => this.#isNew(name, one)
    })
    return {
      ...(next !== undefined && { cert: next.cert, key: next.key }),
      own: own !== undefined && authorities.has(own.trustDomain) ? own.trustDomain : undefined,
      authorities,
      crls: own?.crls ?? [],
      warnings: this.#early
    }
  }

  #isOurs (name: string): boolean { return isOurs(this.#own, name) }

  #mayAdd (name: string): boolean {
    const { own, bundles, accepts } = this.#options
    return this.#set.has(name) || bundles.some(({ trustDomain }) => trustDomain === undefined) ||
      (own?.kind === 'workload api' && accepts(name))
  }

  #describeOrigin (): { readonly kind: string, readonly origin: string } {
    const { own, bundles } = this.#options
    if (own !== undefined) return { kind: own.kind, origin: own.origin }
    return { kind: 'bundles', origin: bundles.map(({ origin }) => origin).join(', ') }
  }
}
