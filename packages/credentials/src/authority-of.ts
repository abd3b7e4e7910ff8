import type { PeerIdentity } from '@peerkit/identity'
import type { RevocationChecker } from '@peerkit/revocation'
import type { CredentialSnapshot } from './credential-snapshot.ts'

/**
 * Whom a snapshot trusts, in the form that `createTrustEvaluator` of @peerkit/trust takes. One authority without limits, called `default`.
 *
 * @param revocation asked beside the snapshot's own CRLs; both must permit
 * @example
 * const trust = createTrustEvaluator({ authorities: () => [authorityOf(source.current)], version: () => source.current.trustEpoch })
 */
export function authorityOf ({ anchors, candidates, revocation: lists }: CredentialSnapshot, revocation?: RevocationChecker): { name: string, ca: readonly PeerIdentity[], intermediates: readonly PeerIdentity[], revocation: readonly RevocationChecker[] } {
  return { name: 'default', ca: anchors, intermediates: candidates, revocation: [lists, revocation].filter((checker) => checker !== undefined) }
}
