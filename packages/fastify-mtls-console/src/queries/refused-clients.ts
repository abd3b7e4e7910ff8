import type { ConsoleEvent } from '../collect/console-event.ts'
import type { ForecastSubject } from './forecast-entry.ts'

/**
 * Clients in the log that were refused because their certificate is not for clients, each once.
 *
 * @param events the newest first
 * @param known keys of accepted clients, which are listed already
 */
export function listRefused (
  events: readonly ConsoleEvent[], known: ReadonlySet<string | undefined>
): ForecastSubject[] {
  const found = new Map<string, ForecastSubject>()
  for (const { kind, reason, peer, fingerprint256, issuer, last } of events) {
    const key = fingerprint256 ?? peer
    if (kind !== 'handshake' || reason !== 'wrong_purpose' || key === undefined) continue
    if (known.has(key) || found.has(key)) continue
    found.set(key, {
      what: 'refused client',
      name: peer ?? key,
      text: peer ?? key,
      key: undefined,
      calledAt: undefined,
      issuer,
      serialNumber: undefined,
      fingerprint256,
      authority: undefined,
      lastSeen: last,
      use: 'client',
      serverAuthOnlyUntil: undefined
    })
  }
  return [...found.values()]
}
