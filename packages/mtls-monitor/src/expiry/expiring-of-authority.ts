import type { ExpiringMessage } from '@peerkit/events'

/** `peerkit:expiry:soon` with the authority: the same CA may be renewed in one authority and forgotten in another. */
export interface ExpiringOfAuthority extends ExpiringMessage {
  /** Of `anchor` the authority that has the CA, of `peer` the one that vouches for it; undefined where there is none. */
  readonly authority?: string | undefined
}
