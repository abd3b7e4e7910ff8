import type { CredentialSnapshot } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import { climbChain } from '@peerkit/trust'
import type { FormerAnchor } from '../collect/rotation-history.ts'

const known = new WeakMap<CredentialSnapshot, WeakMap<PeerIdentity, PeerIdentity | null>>()

/** The trusted CA of a certificate. Undefined if none is found. Cached for each snapshot. */
export function findAnchor (identity: PeerIdentity, snapshot: CredentialSnapshot): PeerIdentity | undefined {
  let own = known.get(snapshot)
  if (own === undefined) known.set(snapshot, own = new WeakMap())
  let anchor = own.get(identity)
  if (anchor === undefined) {
    anchor = findTop(identity, snapshot.anchors, snapshot) ?? null
    own.set(identity, anchor)
  }
  return anchor ?? undefined
}

/** The removed CA of a certificate that has no trusted CA. */
export function findFormerAnchor (
  identity: PeerIdentity, snapshot: CredentialSnapshot, formers: readonly FormerAnchor[]
): PeerIdentity | undefined {
  if (formers.length === 0 || findAnchor(identity, snapshot) !== undefined) return undefined
  return findTop(identity, formers.map((former) => former.identity), snapshot)
}

/**
 * Finds the anchor of a certificate. The chain of an accepted client was validated and ends at its CA. It is empty if
 * the client certificate itself is trusted. For other certificates the signatures are checked.
 */
function findTop (
  identity: PeerIdentity, anchors: readonly PeerIdentity[], { candidates }: CredentialSnapshot
): PeerIdentity | undefined {
  const top = (identity.chain ?? climbChain(identity, [...anchors, ...candidates])).at(-1) ?? identity
  return anchors.find(({ fingerprint256 }) => fingerprint256 === top.fingerprint256)
}
