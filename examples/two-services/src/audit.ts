import { subscribe, unsubscribe } from 'node:diagnostics_channel'

const CHANNELS = ['peerkit:handshake:refused', 'peerkit:request:denied', 'peerkit:connection:ended']

/** Collects what the suite publishes about those it turned away, one line each: who, what, outcome, why. */
export function collectAudit (): { readonly lines: readonly string[], readonly reasons: readonly string[], stop (): void } {
  const lines: string[] = []
  const reasons: string[] = []
  const listener = (message: unknown, channel: string | symbol): void => {
    const { reason, peer, remoteAddress, method, url, route } = message as Record<string, unknown>
    const who = peer === undefined || peer === null ? 'no certificate' : String(peer)
    const what = method === undefined ? '' : ` ${String(method)} ${String(url ?? route ?? '')}`
    reasons.push(String(reason))
    lines.push(`${String(channel).slice('peerkit:'.length)} ${String(reason)}${what} from ${String(remoteAddress ?? 'unknown')} (${who})`)
  }
  for (const channel of CHANNELS) subscribe(channel, listener)
  return { lines, reasons, stop: () => { for (const channel of CHANNELS) unsubscribe(channel, listener) } }
}
