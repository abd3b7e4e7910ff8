import type { PeerIdentity } from '@peerkit/identity'
import type { CrlChecker } from '@peerkit/revocation'
import { caKey } from '../authority/check-authority.ts'
import type { CheckedTrust } from '../check-material.ts'
import type { TrustSnapshot } from '../credential-snapshot.ts'

/**
 * Finds authorities with CRLs that lose a CA which no other authority gets.
 *
 * @returns the first such CA of each authority, by name
 */
export function findDroppedCas (
  current: TrustSnapshot, { authorities }: CheckedTrust
): ReadonlyMap<string, PeerIdentity> {
  const trusted = new Set(authorities.flatMap(({ anchors }) => anchors.map(({ identity }) => caKey(identity))))
  const found = new Map<string, PeerIdentity>()
  for (const { name, anchors, revocation } of current.authorities) {
    const { lists = [] } = (revocation ?? {}) as Partial<CrlChecker>
    const dropped = lists.length === 0 ? undefined : anchors.find((anchor) => !trusted.has(caKey(anchor)))
    if (dropped !== undefined) found.set(name, dropped)
  }
  return found
}
