import { credentialsRefused, credentialsRotated, credentialsWaiting, credentialsWarned } from '@peerkit/events'
import type { CredentialsRefusedMessage } from '@peerkit/events'
import type { RevocationChecker } from '@peerkit/revocation'
import type { CheckedMaterial } from './check-material.ts'
import type { CredentialChange, CredentialSnapshot, CredentialSource } from './credential-snapshot.ts'
import { MTLS_ERR_CREDENTIALS_CLOSED } from './errors.ts'
import { FrozenSnapshot } from './frozen-snapshot.ts'

/** Holds the snapshot in force and tells its subscribers of every change. The sources are made of it. */
export class LiveSource implements CredentialSource {
  #current: CredentialSnapshot
  #trust: string
  readonly #listeners = new Set<(change: CredentialChange) => void>()
  #closed = false
  #closing: Promise<void> | undefined

  constructor (checked: CheckedMaterial, revocation: RevocationChecker | undefined) {
    this.#current = new FrozenSnapshot(checked, { generation: 1, trustEpoch: 1, revocation })
    this.#trust = checked.trust
    this.#publishWarnings()
  }

  get current (): CredentialSnapshot { return this.#current }

  get closed (): boolean { return this.#closed }

  /** Whether this material's anchors or CRLs differ from those in force. */
  changesTrust ({ trust }: CheckedMaterial): boolean { return trust !== this.#trust }

  /**
   * Puts material in force, unless it is in force already: touched files, an answer that is the same, are no rotation. `revocation` counts where the trust changed, and is
   * closed where it does not.
   *
   * @throws MTLS_ERR_CREDENTIALS_CLOSED
   */
  take (checked: CheckedMaterial, revocation: RevocationChecker | undefined): CredentialSnapshot {
    const isTaken = !this.#closed && this.#changesAnything(checked)
    if (revocation !== undefined && !(isTaken && this.changesTrust(checked))) revocation.close().catch(() => {})
    if (this.#closed) throw new MTLS_ERR_CREDENTIALS_CLOSED('nothing more is taken after close()')
    return isTaken ? this.#accept(checked, revocation) : this.#current
  }

  #accept (checked: CheckedMaterial, revocation: RevocationChecker | undefined): CredentialSnapshot {
    const previous = this.#current
    const trustChanged = this.changesTrust(checked)
    const snapshot = new FrozenSnapshot(checked, {
      generation: previous.generation + 1,
      trustEpoch: previous.trustEpoch + (trustChanged ? 1 : 0),
      revocation: trustChanged ? revocation : previous.revocation
    })
    this.#current = snapshot
    this.#trust = checked.trust
    this.#tell({ type: 'rotated', snapshot, previous, trustChanged })
    // Only now: whoever was told may have asked the old lists a last time.
    if (trustChanged) previous.revocation?.close().catch(() => {})
    if (credentialsRotated.hasSubscribers) {
      const { generation, trustEpoch, identity, notAfter, warnings } = snapshot
      credentialsRotated.publish({ v: 1, time: Date.now(), generation, trustEpoch, trustChanged, identity, notAfter, warnings })
    }
    this.#publishWarnings()
    return snapshot
  }

  /** Says that new material was refused; what is in force stays. */
  refuse (error: Error): void {
    if (this.#closed) return
    this.#tell({ type: 'refused', error, snapshot: this.#current })
    if (credentialsRefused.hasSubscribers) credentialsRefused.publish(this.#describe(error))
  }

  /** Says that new material does not fit yet, and that more is waited for. */
  wait (error: Error): void {
    if (credentialsWaiting.hasSubscribers) credentialsWaiting.publish(this.#describe(error))
  }

  /** Says what works, but not as it should. */
  warn (message: string): void {
    if (credentialsWarned.hasSubscribers) credentialsWarned.publish({ v: 1, time: Date.now(), message, generation: this.#current.generation })
  }

  subscribe (listener: (change: CredentialChange) => void): () => void {
    if (this.#closed) return () => {}
    // One function may subscribe twice: each is ended by itself.
    const own = (change: CredentialChange): unknown => listener(change)
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
    await this.#current.revocation?.close()
  }

  #changesAnything (checked: CheckedMaterial): boolean {
    const { identity, intermediates, key } = this.#current
    const own = [identity, ...intermediates]
    return this.changesTrust(checked) || checked.key !== key || own.length !== checked.certificates.length ||
      own.some(({ fingerprint256 }, index) => fingerprint256 !== checked.certificates[index]?.fingerprint256)
  }

  #publishWarnings (): void {
    for (const warning of this.#current.warnings) this.warn(warning)
  }

  #describe (error: Error): CredentialsRefusedMessage {
    const { code, reason } = error as Error & { code?: string, reason?: string }
    return { v: 1, time: Date.now(), code, reason, message: error.message, generation: this.#current.generation }
  }

  #tell (change: CredentialChange): void {
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

/** One listener's mistake must neither keep a rotation from the others nor bring the process down; nor may it pass in silence. */
function warnOfListener (error: unknown): void {
  process.emitWarning(`A listener to credentials failed: ${error instanceof Error ? error.stack ?? error.message : String(error)}`, { code: 'PEERKIT_LISTENER_FAILED' })
}
