import type { CredentialSnapshot, SnapshotAuthority } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import { findAnchor } from './find-anchor.ts'

/**
 * The authority in force that vouches for a client: the one that has its CA. Where its CA is not known here (a gateway
 * may pass on too little), the one that it was known by.
 */
export function findAuthority (identity: PeerIdentity, snapshot: CredentialSnapshot): SnapshotAuthority | undefined {
  const anchor = findAnchor(identity, snapshot)
  if (anchor === undefined) return snapshot.authorities.find(({ name }) => name === identity.authority)
  return snapshot.authorities.find(({ anchors }) => anchors.includes(anchor))
}
