import type { PeerIdentity } from '@peerkit/identity'
import { recordOfRequest } from './connection-record.ts'

/**
 * Identities that do not come from the connection: a gateway's client, or a test's `injectAs`. On the raw request itself, since a WeakMap with an entry for each request costs more than
 * reading the header; not to be guessed, and nothing sends it.
 */
const ASSIGNED: unique symbol = Symbol('peerkit.peer')

interface Marked { [ASSIGNED]?: PeerIdentity | null }

export function assignPeer (raw: object & Marked, peer: PeerIdentity | null): void { raw[ASSIGNED] = peer }

/** The identity that was assigned to a raw request; null where none was. */
export function assignedPeer (raw: object & Marked): PeerIdentity | null { return raw[ASSIGNED] ?? null }

/** The identity of whoever sent a raw request; null where there is none. */
export function peerOfRequest (raw: object & Marked): PeerIdentity | null {
  const given = raw[ASSIGNED]
  // Null is an answer too: a gateway that speaks for nobody is not the peer itself.
  return given !== undefined ? given : recordOfRequest(raw)?.peer ?? null
}
