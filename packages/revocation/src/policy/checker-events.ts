import { EMITTER, revocationFailed, revocationRefreshed } from '@peerkit/events'
import type { RevocationFailedMessage, RevocationRefreshedMessage } from '@peerkit/events'
import type { RevocationSource } from './revocation-status.ts'

/** A counter that notifies its listeners of each change. */
export class Epoch {
  readonly #listeners = new Set<() => void>()
  #value: number = 1

  get value (): number { return this.#value }

  subscribe (listener: () => void): () => void {
    const entry = (): void => listener()
    this.#listeners.add(entry)
    return () => { this.#listeners.delete(entry) }
  }

  /** Calls the listeners. One that throws must not prevent the others from being called. */
  move (): void {
    this.#value++
    for (const listener of [...this.#listeners]) {
      try {
        listener()
      } catch (error) {
        process.emitWarning(
          `A listener of a revocation checker failed: ${error instanceof Error ? error.message : String(error)}`,
          { type: 'PeerkitWarning', code: 'MTLS_WARN_REVOCATION_LISTENER' }
        )
      }
    }
  }

  clear (): void {
    this.#listeners.clear()
  }
}

/** Publishes a new list or answer on `peerkit:revocation:refreshed`. @param emitter the checker or stapler */
export function reportRefreshed (
  emitter: object,
  source: RevocationSource,
  time: number,
  detail: Omit<RevocationRefreshedMessage, 'v' | 'time' | 'source'>
): void {
  if (revocationRefreshed.hasSubscribers) {
    revocationRefreshed.publish({ v: 1, time, [EMITTER]: () => emitter, source, ...detail })
  }
}

/** Publishes on `peerkit:revocation:failed` that a list or an answer was not received or was refused. */
export function reportFailed (
  emitter: object,
  source: RevocationSource,
  time: number,
  error: unknown,
  detail: Pick<RevocationFailedMessage, 'url' | 'issuer' | 'serialNumber'>
): void {
  if (!revocationFailed.hasSubscribers) return
  const { code, reason, message } = error as { code?: string, reason?: string, message?: string }
  revocationFailed.publish({ v: 1, time, [EMITTER]: () => emitter, source, code, reason, message, ...detail })
}
