import type { PeerIdentity } from '@peerkit/identity'
import { BoundedLabels } from './bounded-labels.ts'

/** The label without an authority: the client was not identified. */
export const NO_AUTHORITY = 'none'

/** Authorities come from the configuration, but each adds a series to every metric with this label. */
const MAX_AUTHORITIES = 50

/** Creates the function that returns the label for the authority of a peer. */
export function createAuthorityLabels (): (peer: PeerIdentity | null | undefined) => string {
  const names = new BoundedLabels(MAX_AUTHORITIES)
  return (peer) => peer?.authority === undefined ? NO_AUTHORITY : names.of(peer.authority)
}
