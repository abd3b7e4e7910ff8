import { channel } from 'node:diagnostics_channel'
import type { CrlChecker } from '@peerkit/revocation'
import type { CredentialChange, CredentialSnapshot, CredentialSource } from './credential-snapshot.ts'
import { createSnapshot } from './create-snapshot.ts'
import type { CheckedMaterial } from './create-snapshot.ts'

const rotatedChannel = channel('peerkit:credentials:rotated')
const refusedChannel = channel('peerkit:credentials:refused')

/** Holds the snapshot in force and tells its subscribers of every change. The sources are made of it. */
export class LiveSource implements CredentialSource {
  #current: CredentialSnapshot
  #trust: string
  readonly #listeners = new Set<(change: CredentialChange) => void>()
  readonly #onClose: () => Promise<void> | void
  #closed = false

  constructor (checked: CheckedMaterial, revocation: CrlChecker | undefined, onClose: () => Promise<void> | void) {
    this.#current = createSnapshot(checked, revocation, undefined, true)
    this.#trust = checked.trust
    this.#onClose = onClose
  }

  get current (): CredentialSnapshot { return this.#current }

  get closed (): boolean { return this.#closed }

  /** Whether this material's anchors or CRLs differ from those in force. */
  changesTrust ({ trust }: CheckedMaterial): boolean { return trust !== this.#trust }

  /** Whether this material's certificates or key differ from those in force. */
  changesOwn ({ certificates, key }: CheckedMaterial): boolean {
    const { identity, intermediates } = this.#current
    const own = [identity, ...intermediates]
    return key !== this.#current.key || own.length !== certificates.length || own.some(({ fingerprint256 }, index) => fingerprint256 !== certificates[index]?.fingerprint256)
  }

  /** Puts material in force. `revocation` is asked for only where the trust changed. */
  accept (checked: CheckedMaterial, revocation: CrlChecker | undefined): CredentialSnapshot {
    const previous = this.#current
    const trustChanged = this.changesTrust(checked)
    const snapshot = createSnapshot(checked, trustChanged ? revocation : previous.revocation as CrlChecker | undefined, previous, trustChanged)
    this.#current = snapshot
    this.#trust = checked.trust
    this.#tell({ type: 'rotated', snapshot, previous, trustChanged })
    // Only now: whoever was told may have asked the old lists a last time.
    if (trustChanged) previous.revocation?.close().catch(() => {})
    if (rotatedChannel.hasSubscribers) {
      const { generation, trustEpoch, identity, notAfter } = snapshot
      rotatedChannel.publish({ v: 1, time: Date.now(), generation, trustEpoch, trustChanged, identity, notAfter })
    }
    return snapshot
  }

  /** Says that new material was refused; what is in force stays. */
  refuse (error: Error): void {
    this.#tell({ type: 'refused', error, snapshot: this.#current })
    if (refusedChannel.hasSubscribers) {
      const { code, reason } = error as Error & { code?: string, reason?: string }
      refusedChannel.publish({ v: 1, time: Date.now(), code, reason, message: error.message, generation: this.#current.generation })
    }
  }

  subscribe (listener: (change: CredentialChange) => void): () => void {
    // One function may subscribe twice: each is ended by itself.
    const own = (change: CredentialChange): void => { listener(change) }
    this.#listeners.add(own)
    return () => { this.#listeners.delete(own) }
  }

  async close (): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#listeners.clear()
    await this.#onClose()
    await this.#current.revocation?.close()
  }

  #tell (change: CredentialChange): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(change)
      } catch (error) {
        // One listener that throws must not keep a rotation from the others; the mistake is still a mistake.
        process.nextTick(() => { throw error })
      }
    }
  }
}
