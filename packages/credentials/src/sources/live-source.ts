import {
  credentialsRecovered, credentialsRefused, credentialsRotated, credentialsWaiting, credentialsWarned, EMITTER,
  joinEmitter
} from '@peerkit/events'
import type { CredentialsRefusedMessage } from '@peerkit/events'
import { announceSourceEnd, WakeAt } from '@peerkit/identity/internal'
import type { CheckedAuthority } from '../authority/check-authority.ts'
import { closeAll } from '../authority/crl-checkers.ts'
import type { Checkers } from '../authority/crl-checkers.ts'
import type { Clock } from '../clock.ts'
import { CredentialsClosedError, refused } from '../errors.ts'
import { Listeners } from '../listeners.ts'
import type { CheckedTrust } from '../material/check-material.ts'
import type { Part } from '../material/part.ts'
import type { CredentialSnapshot, TrustChange, TrustSnapshot, TrustSource } from './credential-snapshot.ts'
import type { SourceKind } from './frozen-snapshot.ts'
import { Refusals } from './refusals.ts'
import type { Refusal } from './refusals.ts'
import type { BundleStatus, RenewalStatus, SourceStatus } from './source-status.ts'

/** Base of all sources: holds the snapshot in use, and notifies subscribers of every change. */
export class LiveSource<Snapshot extends TrustSnapshot, Checked extends CheckedTrust> implements TrustSource<Snapshot> {
  #current: Snapshot
  readonly #kind: SourceKind<Snapshot, Checked>
  #checked: Checked
  readonly #listeners = new Listeners<TrustChange<Snapshot>>('credentials')
  readonly #refused = new Refusals()
  readonly #clock: Clock
  /** When the next CA starts that was left out because it is not valid yet. */
  readonly #nextStart: WakeAt
  /** Since when new material can be had. */
  #liveSince: number
  #closedAt = 0
  #closed = false
  /** When our certificate was taken back. Undefined: it was not. */
  #withdrawnAt: number | undefined
  #closing: Promise<void> | undefined

  constructor (kind: SourceKind<Snapshot, Checked>, checked: Checked, checkers: Checkers, clock: Clock) {
    this.#clock = clock
    this.#liveSince = clock.now()
    this.#nextStart = new WakeAt(() => { if (!this.#closed) this.recheck() }, {
      now: () => clock.now(), schedule: (task, delay) => clock.schedule(task, delay)
    })
    this.#kind = kind
    this.#current = kind.freeze(checked, { generation: 1, trustEpoch: 1, checkers })
    this.#checked = checked
    this.#adoptCheckers()
    this.#publishWarnings()
    this.#awaitStart()
  }

  get current (): Snapshot { return this.#current }

  /** Returns the checked material in use. Not a getter: `util.inspect` can be told to call those, and it has a key. */
  readChecked (): Checked { return this.#checked }

  get closed (): boolean { return this.#closed }

  /** How new material is got, and whether it can be at this moment. */
  status (): SourceStatus {
    const { kind, origin } = this.describeOrigin()
    const bundles = this.listBundles()
    const renewal = this.describeRenewal()
    return { kind, origin, ...this.#describeState(), bundles, ...(renewal !== undefined && { renewal }) }
  }

  #describeState (): Pick<SourceStatus, 'state' | 'since' | 'problem'> {
    if (this.#closed) return { state: 'closed', since: this.#closedAt, problem: undefined }
    const fault = this.#refused.first((part) => !this.isBundle(part))
    if (fault === undefined) return { state: 'live', since: this.#liveSince, problem: undefined }
    const where = fault.part === undefined ? '' : `authority "${fault.part}": `
    return { state: 'failing', since: fault.since, problem: `${where}${fault.error.message}` }
  }

  /** Where the material comes from. */
  protected describeOrigin (): Pick<SourceStatus, 'kind' | 'origin'> { return { kind: 'memory', origin: 'memory' } }

  /** How our certificate is renewed. Undefined: nobody is asked for it. */
  protected describeRenewal (): RenewalStatus | undefined { return undefined }

  /** Whether a part is a bundle that is fetched by itself. The source is not failing because it is refused. */
  protected isBundle (_part: Part): boolean { return false }

  /** The state of the bundles that are fetched by themselves. */
  protected listBundles (): readonly BundleStatus[] { return [] }

  /** Why a part is refused at this moment; undefined if it is not. */
  protected refusalOf (part: Part): Refusal | undefined { return this.#refused.of(part) }

  /** Whether the authorities differ from those in use. */
  changesTrust (checked: CheckedTrust): boolean {
    return checked.trust !== this.#checked.trust || checked.authorities.some(({ options: { checker } }, index) => {
      return checker !== this.#checked.authorities[index]?.options.checker
    })
  }

  /** The authorities that are new or changed, and need new checkers. */
  changedAuthorities ({ authorities }: CheckedTrust): readonly CheckedAuthority[] {
    const inForce = new Map(this.#checked.authorities.map(({ name, trust }) => [name, trust]))
    return authorities.filter(({ name, trust }) => inForce.get(name) !== trust)
  }

  /**
   * Uses new material. If it equals the material in use, nothing changes: files that were only touched are not a
   * rotation. Its warnings are published all the same. Other warnings make a new snapshot: a CA that was added but is
   * not valid yet is not in use, and must not go unnoticed.
   *
   * @param checkers those of `changedAuthorities`; the other authorities keep theirs. Closed if they are not needed
   * @param keepsOwn whether our certificate is none that came anew: if it was withdrawn, it stays so. Default false
   * @throws CredentialsClosedError
   * @throws CredentialsRefusedError if an authority has CRLs, but no checker for them
   */
  take (checked: Checked, checkers: Checkers, keepsOwn = false): Snapshot {
    const withdrawnAt = keepsOwn ? this.#withdrawnAt : undefined
    const isOther = this.changesTrust(checked) || this.#kind.changesOwn(checked, this.#current) ||
      this.#changesWarnings(checked) || this.#withdrawnAt !== withdrawnAt
    const isTaken = isOther && !this.#closed
    if (!isTaken) closeAll(checkers)
    if (this.#closed) throw new CredentialsClosedError('new credentials arrived after close()')
    if (isTaken) return this.#accept(checked, checkers, withdrawnAt)
    this.#publishWarnings()
    return this.#current
  }

  #changesWarnings ({ warnings }: CheckedTrust): boolean {
    return JSON.stringify(warnings) !== JSON.stringify(this.#checked.warnings)
  }

  /** Schedules a check for when the next CA starts that was left out because it is not valid yet. */
  #awaitStart (): void {
    // Also one that is over: the CA may have started after the material was checked.
    const starts = this.#checked.authorities.map(({ nextStart }) => nextStart)
    this.#nextStart.set(this.#closed ? Infinity : Math.min(...starts))
  }

  /** Called when a CA starts that was left out: checks the same material again. */
  protected recheck (): void {}

  #accept (checked: Checked, made: Checkers, withdrawnAt: number | undefined): Snapshot {
    const previous = this.#current
    const trustChanged = this.changesTrust(checked)
    const before = checkersOf(previous)
    const changed = new Set(this.changedAuthorities(checked).map(({ name }) => name))
    const checkers = new Map(checked.authorities.map(({ name }) => {
      return [name, (changed.has(name) ? made : before).get(name)]
    }))
    for (const { name, hasCrls, crlOrigin } of checked.authorities) {
      if (!hasCrls || checkers.get(name) !== undefined) continue
      closeAll(made)
      const problem = 'there is no checker for its CRLs, because the authority changed while they were loaded'
      throw refused('crl', crlOrigin, problem, { authorities: [name] })
    }
    const generation = previous.generation + 1
    const trustEpoch = previous.trustEpoch + (trustChanged ? 1 : 0)
    const state = { generation, trustEpoch, checkers, ...(withdrawnAt !== undefined && { withdrawnAt }) }
    const snapshot = this.#kind.freeze(checked, state)
    this.#checked = checked
    this.#withdrawnAt = withdrawnAt
    this.#replace(snapshot, trustChanged)
    // Closed after the listeners ran, because they may still use the former checkers.
    const kept = new Set(checkers.values())
    closeAll(new Map([...before].filter(([, checker]) => !kept.has(checker))))
    this.#awaitStart()
    return snapshot
  }

  /** Puts a snapshot in the place of the one in use, and tells everybody. */
  #replace (snapshot: Snapshot, trustChanged: boolean): void {
    const previous = this.#current
    this.#current = snapshot
    this.#adoptCheckers()
    this.#listeners.notify({ type: 'rotated', snapshot, previous, trustChanged })
    if (credentialsRotated.hasSubscribers) {
      const { generation, trustEpoch } = snapshot
      const { identity, notAfter, withdrawn, warnings } = snapshot as TrustSnapshot & Partial<CredentialSnapshot>
      const from = this.describeRenewal()?.issuer
      const message = { generation, trustEpoch, trustChanged, identity, notAfter, withdrawn, from, warnings }
      credentialsRotated.publish({ v: 1, time: Date.now(), [EMITTER]: () => this, ...message })
    }
    this.#publishWarnings()
  }

  /**
   * Takes our certificate back: it is not presented any more, and the trust stays as it is. Material that is taken ends
   * that, also if it equals the material in use.
   */
  withdraw (): void {
    if (this.#closed || this.#withdrawnAt !== undefined) return
    const { generation, trustEpoch } = this.#current
    const checkers = checkersOf(this.#current)
    const withdrawnAt = this.#clock.now()
    this.#withdrawnAt = withdrawnAt
    const state = { generation: generation + 1, trustEpoch, checkers, withdrawnAt }
    this.#replace(this.#kind.freeze(this.#checked, state), false)
  }

  /**
   * Notifies subscribers that new material was refused.
   *
   * @param part the part that was refused, if parts are accepted separately
   */
  refuse (error: Error, part?: Part): void {
    if (this.#closed) return
    this.#refused.note(part, error, this.#clock.now())
    this.#listeners.notify({ type: 'refused', error, authority: part, snapshot: this.#current })
    if (credentialsRefused.hasSubscribers) credentialsRefused.publish(this.#describe(error, part))
  }

  /** Notifies subscribers of each part that was refused before and is valid now. */
  recover (refused: ReadonlyMap<Part, Error> = new Map()): void {
    // A listener that was told of the material may have closed it.
    if (this.#closed) return
    const generation = this.#current.generation
    for (const part of this.#refused.parts) {
      if (refused.has(part)) continue
      this.#refused.delete(part)
      if (!this.isBundle(part)) this.#liveSince = this.#clock.now()
      this.#listeners.notify({ type: 'recovered', authority: part, snapshot: this.#current })
      if (!credentialsRecovered.hasSubscribers) continue
      const from = this.describeRenewal()?.issuer
      credentialsRecovered.publish({ v: 1, time: Date.now(), [EMITTER]: () => this, authority: part, from, generation })
    }
  }

  /** Publishes that files do not fit together yet. */
  wait (error: Error, part?: Part): void {
    if (credentialsWaiting.hasSubscribers) credentialsWaiting.publish(this.#describe(error, part))
  }

  /** Publishes a warning. */
  warn (message: string): void {
    if (!credentialsWarned.hasSubscribers) return
    credentialsWarned.publish({
      v: 1, time: Date.now(), [EMITTER]: () => this, message, generation: this.#current.generation
    })
  }

  subscribe (listener: (change: TrustChange<Snapshot>) => void): () => void {
    return this.#closed ? () => {} : this.#listeners.add(listener)
  }

  close (): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  /** Stops what the subclass has started. */
  protected async stop (): Promise<void> {}

  async #end (): Promise<void> {
    this.#closed = true
    this.#closedAt = this.#clock.now()
    this.#nextStart.clear()
    this.#listeners.clear()
    announceSourceEnd(this)
    await this.stop()
    await Promise.all([...checkersOf(this.#current).values()].map(async (checker) => await checker?.close()))
  }

  /** What its checkers publish is for the apps that use these credentials. */
  #adoptCheckers (): void {
    for (const { options: { checker } } of this.#checked.authorities) {
      if (checker !== undefined) joinEmitter(checker, this)
    }
    for (const checker of checkersOf(this.#current).values()) if (checker !== undefined) joinEmitter(checker, this)
  }

  #publishWarnings (): void {
    for (const warning of this.#current.warnings) this.warn(warning)
  }

  #describe (error: Error, authority: Part): CredentialsRefusedMessage {
    const { code, reason } = error as Error & { code?: string, reason?: string }
    const { generation } = this.#current
    const from = this.describeRenewal()?.issuer
    return {
      v: 1, time: Date.now(), [EMITTER]: () => this, code, reason, authority, message: error.message, from, generation
    }
  }
}

function checkersOf ({ authorities }: TrustSnapshot): Checkers {
  return new Map(authorities.map(({ name, revocation }) => [name, revocation]))
}
