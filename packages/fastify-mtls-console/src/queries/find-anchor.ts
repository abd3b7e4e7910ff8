import type { CredentialSnapshot } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import { climbChain } from '@peerkit/trust'
import type { FormerAnchor } from '../collect/rotation-history.ts'

const known = new WeakMap<CredentialSnapshot, WeakMap<PeerIdentity, PeerIdentity | null>>()

/**
 * The CA in force that a certificate leads to; undefined where it leads to none that is known here. Remembered for each
 * snapshot.
 */
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

/** The CA that was trusted once and that a certificate leads to, where it leads to none in force. */
export function findFormerAnchor (
  identity: PeerIdentity, snapshot: CredentialSnapshot, formers: readonly FormerAnchor[]
): PeerIdentity | undefined {
  if (formers.length === 0 || findAnchor(identity, snapshot) !== undefined) return undefined
  return findTop(identity, formers.map((former) => former.identity), snapshot)
}

/**
 * The chain of an accepted client was validated, and ends at its CA; it is empty where the client's own certificate is
 * trusted. Of another certificate the signatures are followed.
 */
function findTop (
  identity: PeerIdentity, anchors: readonly PeerIdentity[], { candidates }: CredentialSnapshot
): PeerIdentity | undefined {
  const top = (identity.chain ?? climbChain(identity, [...anchors, ...candidates])).at(-1) ?? identity
  return anchors.find(({ fingerprint256 }) => fingerprint256 === top.fingerprint256)
}
