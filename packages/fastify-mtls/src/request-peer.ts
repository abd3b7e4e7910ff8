import type { PeerIdentity } from '@peerkit/identity'
import { recordOfRequest } from './connection-record.ts'

// Identities that do not come from the connection: a gateway's client, or a test's `injectAs`. Keyed by the raw request, which nobody can send.
const assigned = new WeakMap<object, PeerIdentity | null>()

export function assignPeer (raw: object, peer: PeerIdentity | null): void { assigned.set(raw, peer) }

/** The identity that was assigned to a raw request; null where none was. */
export function assignedPeer (raw: object): PeerIdentity | null { return assigned.get(raw) ?? null }

/** The identity of whoever sent a raw request; null where there is none. */
export function peerOfRequest (raw: object): PeerIdentity | null {
  const given = assigned.get(raw)
  // Null is an answer too: a gateway that speaks for nobody is not the peer itself.
  return given !== undefined ? given : recordOfRequest(raw)?.peer ?? null
}
