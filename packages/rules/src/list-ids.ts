import { claimsOf } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { listAltNames } from './list-alt-names.ts'

/** The SPIFFE ID of a peer, or an empty list; `undefined` if it is not known, or not believed. */
export function listIds (peer: PeerIdentity): readonly string[] | undefined {
  if (peer.notBelieved.includes('spiffe')) return undefined
  if (peer.spiffeId !== undefined) return [peer.spiffeId]
  // A SPIFFE ID is a URI name. If the URI names are known, its absence is known too, even if other URIs are not
  // believed. So the claims tell only whether URI names are known at all.
  return listAltNames(claimsOf(peer), 'uri') === undefined ? undefined : []
}
