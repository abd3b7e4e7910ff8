import { channel } from 'node:diagnostics_channel'
import type { RevocationSource } from './revocation-status.ts'

const refreshed = channel('peerkit:revocation:refreshed')
const failed = channel('peerkit:revocation:failed')

/** Tells `peerkit:revocation:refreshed` of a new list or answer. */
export function reportRefreshed (source: RevocationSource, time: number, detail: Readonly<Record<string, unknown>>): void {
  if (refreshed.hasSubscribers) refreshed.publish({ v: 1, time, source, ...detail })
}

/** Tells `peerkit:revocation:failed` of a list or an answer that did not come or was refused. */
export function reportFailed (source: RevocationSource, time: number, error: unknown, detail: Readonly<Record<string, unknown>>): void {
  if (!failed.hasSubscribers) return
  const { code, reason, message } = error as { code?: string, reason?: string, message?: string }
  failed.publish({ v: 1, time, source, code, reason, message, ...detail })
}
