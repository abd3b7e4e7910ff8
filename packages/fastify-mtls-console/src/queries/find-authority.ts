import type { CredentialSnapshot, SnapshotAuthority } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import { findAnchor } from './find-anchor.ts'

/**
 * The authority of a client in the current credentials: the one with its CA. If the CA is not known (a gateway may
 * forward too little), the one with the name of its authority.
 */
export function findAuthority (identity: PeerIdentity, snapshot: CredentialSnapshot): SnapshotAuthority | undefined {
  const anchor = findAnchor(identity, snapshot)
  if (anchor === undefined) return snapshot.authorities.find(({ name }) => name === identity.authority)
  return snapshot.authorities.find(({ anchors }) => anchors.includes(anchor))
}
