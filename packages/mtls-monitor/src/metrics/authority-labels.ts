import type { PeerIdentity } from '@peerkit/identity'
import { BoundedLabels } from './bounded-labels.ts'

/** Where no authority vouches: nobody was identified, or nobody asked. */
export const NO_AUTHORITY = 'none'

/** Authorities are configured, but each is a series of every metric that has the label. */
const MAX_AUTHORITIES = 50

/** Makes the label of a peer's authority. */
export function createAuthorityLabels (): (peer: PeerIdentity | null | undefined) => string {
  const names = new BoundedLabels(MAX_AUTHORITIES)
  return (peer) => peer?.authority === undefined ? NO_AUTHORITY : names.of(peer.authority)
}
