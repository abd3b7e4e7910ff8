import type { PeerIdentity } from '@peerkit/identity'
import { recordOfRequest } from '../connection/connection-record.ts'

/**
 * Key of an identity that does not come from the connection: a forwarded client, or a test's `injectAs`. It is kept on
 * the raw request, since a WeakMap entry for each request costs more than reading the header. The symbol is not
 * registered, so no other code can set it.
 */
const ASSIGNED: unique symbol = Symbol('peerkit.peer')

interface Marked { [ASSIGNED]?: PeerIdentity | null }

export function assignPeer (raw: object & Marked, peer: PeerIdentity | null): void { raw[ASSIGNED] = peer }

/** The identity that was assigned to a raw request, or null. */
export function assignedPeer (raw: object & Marked): PeerIdentity | null { return raw[ASSIGNED] ?? null }

/** The identity of the client of a raw request, or null. */
export function peerOfRequest (raw: object & Marked): PeerIdentity | null {
  const given = raw[ASSIGNED]
  // Null counts as assigned: if a gateway forwards no certificate, the request has no identity.
  return given !== undefined ? given : recordOfRequest(raw)?.peer ?? null
}
