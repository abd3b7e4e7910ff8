import { revocationFailed, revocationRefreshed } from '@peerkit/events'
import type { RevocationFailedMessage, RevocationRefreshedMessage } from '@peerkit/events'
import type { RevocationSource } from './revocation-status.ts'

/** Tells `peerkit:revocation:refreshed` of a new list or answer. */
export function reportRefreshed (
  source: RevocationSource,
  time: number,
  detail: Omit<RevocationRefreshedMessage, 'v' | 'time' | 'source'>
): void {
  if (revocationRefreshed.hasSubscribers) revocationRefreshed.publish({ v: 1, time, source, ...detail })
}

/** Tells `peerkit:revocation:failed` of a list or an answer that did not come or was refused. */
export function reportFailed (
  source: RevocationSource,
  time: number,
  error: unknown,
  detail: Pick<RevocationFailedMessage, 'url' | 'issuer' | 'serialNumber'>
): void {
  if (!revocationFailed.hasSubscribers) return
  const { code, reason, message } = error as { code?: string, reason?: string, message?: string }
  revocationFailed.publish({ v: 1, time, source, code, reason, message, ...detail })
}
