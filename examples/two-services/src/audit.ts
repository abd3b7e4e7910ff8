import { subscribe, unsubscribe } from 'node:diagnostics_channel'

const CHANNELS = ['peerkit:handshake:refused', 'peerkit:request:denied', 'peerkit:connection:ended']

export interface Audit { readonly lines: readonly string[], readonly reasons: readonly string[], stop (): void }

/** Collects the events about refused clients, one line for each: event, reason, request and client. */
export function collectAudit (): Audit {
  const lines: string[] = []
  const reasons: string[] = []
  const listener = (message: unknown, channel: string | symbol): void => {
    const { reason, peer, remoteAddress, method, url, route } = message as Record<string, unknown>
    const who = peer === undefined || peer === null ? 'no certificate' : String(peer)
    const what = method === undefined ? '' : ` ${String(method)} ${String(url ?? route ?? '')}`
    reasons.push(String(reason))
    const event = String(channel).slice('peerkit:'.length)
    lines.push(`${event} ${String(reason)}${what} from ${String(remoteAddress ?? 'unknown')} (${who})`)
  }
  for (const channel of CHANNELS) subscribe(channel, listener)
  return { lines, reasons, stop: () => { for (const channel of CHANNELS) unsubscribe(channel, listener) } }
}
