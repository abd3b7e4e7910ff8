import { credentialsRecovered, credentialsRefused, credentialsRotated, credentialsWaiting, credentialsWarned } from '@peerkit/events'
import type { CredentialsRefusedMessage } from '@peerkit/events'
import type { CheckedTrust } from './check-material.ts'
import type { CredentialSnapshot, TrustChange, TrustSnapshot, TrustSource } from './credential-snapshot.ts'
import { MTLS_ERR_CREDENTIALS_CLOSED } from './errors.ts'
import type { SnapshotState } from './frozen-trust.ts'
import type { CheckedAuthority } from './authority/check-authority.ts'
import type { Part } from './part.ts'
import { closeAll } from './revocation-checker.ts'
import type { Checkers } from './revocation-checker.ts'

/** Makes a snapshot of what was checked. */
export type Freeze<Snapshot, Checked> = (checked: Checked, state: SnapshotState) => Snapshot

/** Holds the snapshot in force and tells its subscribers of every change. The sources are made of it. */
export class LiveTrust<Snapshot extends TrustSnapshot, Checked extends CheckedTrust> implements TrustSource<Snapshot> {
  #current: Snapshot
  readonly #freeze: Freeze<Snapshot, Checked>
  #checked: Checked
  readonly #listeners = new Set<(change: TrustChange<Snapshot>) => void>()
  readonly #refused = new Set<Part>()
  #closed = false
  #closing: Promise<void> | undefined

  constructor (checked: Checked, checkers: Checkers, freeze: Freeze<Snapshot, Checked>) {
    this.#freeze = freeze
    this.#current = freeze(checked, { generation: 1, trustEpoch: 1, checkers })
    this.#checked = checked
    this.#publishWarnings()
  }

  get current (): Snapshot { return this.#current }

  /** What is in force, as it was checked. */
  get checked (): Checked { return this.#checked }

  get closed (): boolean { return this.#closed }

  /** Whether the authorities differ from those in force. */
  changesTrust (checked: CheckedTrust): boolean {
    return checked.trust !== this.#checked.trust || checked.authorities.some(({ options: { checker } }, index) => checker !== this.#checked.authorities[index]?.options.checker)
  }

  /** The authorities that are new, or differ from what is in force: those that need new checkers. */
  changedAuthorities ({ authorities }: CheckedTrust): readonly CheckedAuthority[] {
    const inForce = new Map(this.#checked.authorities.map(({ name, trust }) => [name, trust]))
    return authorities.filter(({ name, trust }) => inForce.get(name) !== trust)
  }

  /**
   * Puts material in force, unless it is in force already: touched files, an answer that is the same, are no rotation.
   *
   * @param checkers those of `changedAuthorities`; the others keep theirs. Closed where they are not needed
   *
   * @throws MTLS_ERR_CREDENTIALS_CLOSED
   */
  take (checked: Checked, checkers: Checkers): Snapshot {
    const isTaken = !this.#closed && (this.changesTrust(checked) || this.changesOwn(checked))
    if (!isTaken) closeAll(checkers)
    if (this.#closed) throw new MTLS_ERR_CREDENTIALS_CLOSED('nothing more is taken after close()')
    return isTaken ? this.#accept(checked, checkers) : this.#current
  }

  #accept (checked: Checked, made: Checkers): Snapshot {
    const previous = this.#current
    const trustChanged = this.changesTrust(checked)
    const before = checkersOf(previous)
    const changed = new Set(this.changedAuthorities(checked).map(({ name }) => name))
    const checkers = new Map(checked.authorities.map(({ name }) => [name, (changed.has(name) ? made : before).get(name)]))
    const snapshot = this.#freeze(checked, { generation: previous.generation + 1, trustEpoch: previous.trustEpoch + (trustChanged ? 1 : 0), checkers })
    this.#current = snapshot
    this.#checked = checked
    this.#tell({ type: 'rotated', snapshot, previous, trustChanged })
    // Closed after the listeners ran, since they may still ask the old lists.
    const kept = new Set(checkers.values())
    closeAll(new Map([...before].filter(([, checker]) => !kept.has(checker))))
    if (credentialsRotated.hasSubscribers) {
      const { generation, trustEpoch, warnings } = snapshot
      const { identity, notAfter } = snapshot as Partial<CredentialSnapshot>
      credentialsRotated.publish({ v: 1, time: Date.now(), generation, trustEpoch, trustChanged, identity, notAfter, warnings })
    }
    this.#publishWarnings()
    return snapshot
  }

  /**
   * Says that new material was refused; what is in force stays.
   *
   * @param part of one that is taken by itself, its name
   */
  refuse (error: Error, part?: Part): void {
    if (this.#closed) return
    this.#refused.add(part)
    this.#tell({ type: 'refused', error, authority: part, snapshot: this.#current })
    if (credentialsRefused.hasSubscribers) credentialsRefused.publish(this.#describe(error, part))
  }

  /** Says of each part that was refused, and is not any more, that it is in order again. */
  recover (refused: ReadonlyMap<Part, Error> = new Map()): void {
    const generation = this.#current.generation
    for (const part of this.#refused) {
      if (refused.has(part)) continue
      this.#refused.delete(part)
      this.#tell({ type: 'recovered', authority: part, snapshot: this.#current })
      if (credentialsRecovered.hasSubscribers) credentialsRecovered.publish({ v: 1, time: Date.now(), authority: part, generation })
    }
  }

  /** Says that new material does not fit yet, and that more is waited for. */
  wait (error: Error, part?: Part): void {
    if (credentialsWaiting.hasSubscribers) credentialsWaiting.publish(this.#describe(error, part))
  }

  /** Says what works, but not as it should. */
  warn (message: string): void {
    if (credentialsWarned.hasSubscribers) credentialsWarned.publish({ v: 1, time: Date.now(), message, generation: this.#current.generation })
  }

  subscribe (listener: (change: TrustChange<Snapshot>) => void): () => void {
    if (this.#closed) return () => {}
    // One function may subscribe twice: each is ended by itself.
    const own = (change: TrustChange<Snapshot>): unknown => listener(change)
    this.#listeners.add(own)
    return () => { this.#listeners.delete(own) }
  }

  close (): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  /** Ends what the source at hand has running. */
  protected async stop (): Promise<void> {}

  async #end (): Promise<void> {
    this.#closed = true
    this.#listeners.clear()
    await this.stop()
    await Promise.all([...checkersOf(this.#current).values()].map(async (checker) => await checker?.close()))
  }

  /** Whether what we present differs from what is in force. A trust presents nothing. */
  protected changesOwn (_checked: Checked): boolean { return false }

  #publishWarnings (): void {
    for (const warning of this.#current.warnings) this.warn(warning)
  }

  #describe (error: Error, authority: Part): CredentialsRefusedMessage {
    const { code, reason } = error as Error & { code?: string, reason?: string }
    return { v: 1, time: Date.now(), code, reason, authority, message: error.message, generation: this.#current.generation }
  }

  #tell (change: TrustChange<Snapshot>): void {
    for (const listener of [...this.#listeners]) {
      try {
        // A listener may be async all the same; its failure is no less its own.
        Promise.resolve(listener(change)).catch(warnOfListener)
      } catch (error) {
        warnOfListener(error)
      }
    }
  }
}

function checkersOf ({ authorities }: TrustSnapshot): Checkers {
  return new Map(authorities.map(({ name, revocation }) => [name, revocation]))
}

/**
 * One listener's mistake must neither keep a rotation from the others nor bring the process down; nor may it pass in
 * silence.
 */
function warnOfListener (error: unknown): void {
  process.emitWarning(`A listener to credentials failed: ${error instanceof Error ? error.stack ?? error.message : String(error)}`, { code: 'PEERKIT_LISTENER_FAILED' })
}
