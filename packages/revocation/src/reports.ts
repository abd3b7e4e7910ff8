import { EMITTER, revocationFailed, revocationRefreshed } from '@peerkit/events'
import type { RevocationFailedMessage, RevocationRefreshedMessage } from '@peerkit/events'
import type { RevocationSource } from './revocation-status.ts'

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
