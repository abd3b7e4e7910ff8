import { findIssuer } from '@peerkit/credentials'
import type { CredentialSnapshot } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import type { FormerAnchor } from '../collect/rotation-history.ts'

const MAX_STEPS = 8
const known = new WeakMap<CredentialSnapshot, WeakMap<PeerIdentity, PeerIdentity | null>>()

/** The CA in force that a certificate leads to, by signatures; undefined where it leads to none that can be found here. Remembered for each snapshot. */
export function findAnchor (identity: PeerIdentity, snapshot: CredentialSnapshot): PeerIdentity | undefined {
  let own = known.get(snapshot)
  if (own === undefined) known.set(snapshot, own = new WeakMap())
  let anchor = own.get(identity)
  if (anchor === undefined) {
    anchor = searchAnchor(identity, snapshot) ?? null
    own.set(identity, anchor)
  }
  return anchor ?? undefined
}

function searchAnchor (identity: PeerIdentity, { anchors, intermediates }: CredentialSnapshot): PeerIdentity | undefined {
  if (identity.raw === undefined) return undefined
  const top = identity.chain?.at(-1)
  const verified = anchors.find(({ fingerprint256 }) => fingerprint256 === top?.fingerprint256)
  return verified ?? climbToAnchor(identity, anchors, [...(identity.chain ?? []), ...intermediates]).anchor
}

/** The CA that was trusted once and that a certificate leads to, where it leads to none in force. */
export function findFormerAnchor (identity: PeerIdentity, snapshot: CredentialSnapshot, formers: readonly FormerAnchor[]): PeerIdentity | undefined {
  if (formers.length === 0 || identity.raw === undefined || findAnchor(identity, snapshot) !== undefined) return undefined
  return climbToAnchor(identity, formers.map((former) => former.identity), identity.chain ?? []).anchor
}

/** Climbs from issuer to issuer, to an anchor or as far as it gets. */
export function climbToAnchor (leaf: PeerIdentity, anchors: readonly PeerIdentity[], between: readonly PeerIdentity[]): { readonly anchor: PeerIdentity | undefined, readonly path: readonly PeerIdentity[] } {
  const path: PeerIdentity[] = []
  let last = leaf
  while (path.length < MAX_STEPS) {
    const anchor = issuerOf(last, anchors)
    if (anchor !== undefined) return { anchor, path: [...path, anchor] }
    const next = issuerOf(last, between.filter((candidate) => candidate !== leaf && !path.includes(candidate)))
    if (next === undefined) break
    path.push(next)
    last = next
  }
  return { anchor: undefined, path }
}

/** A key that Node cannot read signs for nobody. */
function issuerOf (certificate: PeerIdentity, authorities: readonly PeerIdentity[]): PeerIdentity | undefined {
  try {
    return findIssuer(certificate, authorities.filter(({ raw }) => raw !== undefined))
  } catch {
    return undefined
  }
}
