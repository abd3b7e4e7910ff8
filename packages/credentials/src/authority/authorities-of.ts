import type { RevocationChecker } from '@peerkit/revocation'
import type { Authority } from '@peerkit/trust'
import type { TrustSnapshot } from '../credential-snapshot.ts'
import type { SnapshotAuthority } from './snapshot-authority.ts'

/**
 * Whom a snapshot trusts to vouch for one side, in the form that `createTrustEvaluator` of @peerkit/trust takes, in the order in which they were declared.
 *
 * @param revocation asked beside each authority's own CRLs and checker; all must permit
 * @example
 * const trust = createTrustEvaluator({ authorities: () => authoritiesOf(source.current, 'clients'), version: () => source.current.trustEpoch })
 */
export function authoritiesOf ({ authorities }: TrustSnapshot, side: 'clients' | 'servers', revocation?: RevocationChecker): readonly Authority[] {
  return authorities.filter((authority) => vouchesFor(authority, side)).map((authority) => {
    const { name, names, partial, algorithms, serverAuthOnlyUntil, anchors, candidates } = authority
    return {
      name,
      names,
      partial,
      ca: anchors,
      intermediates: candidates,
      revocation: [...checkersOf(authority), revocation].filter((checker) => checker !== undefined),
      ...(algorithms !== undefined && { algorithms }),
      ...(serverAuthOnlyUntil !== undefined && { serverAuthOnlyUntil })
    }
  })
}

/** Whether an authority vouches for clients, or for servers. */
export function vouchesFor ({ for: use }: Pick<SnapshotAuthority, 'for'>, side: 'clients' | 'servers'): boolean {
  return use === 'both' || use === side
}

/** Who is asked about revocation by a snapshot, for all of its authorities or for those of one side. */
export function listCheckers ({ authorities }: TrustSnapshot, side?: 'clients' | 'servers'): readonly RevocationChecker[] {
  return authorities.filter((authority) => side === undefined || vouchesFor(authority, side)).flatMap(checkersOf)
}

/** Who is asked about the revocation of certificates below an authority. */
export function checkersOf ({ revocation, checker }: SnapshotAuthority): readonly RevocationChecker[] {
  return [revocation, checker].filter((each) => each !== undefined)
}
