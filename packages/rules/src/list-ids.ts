import { claimsOf } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { listAltNames } from './list-alt-names.ts'

/** The SPIFFE ID of a peer, or none; `undefined` where it is not known, or not believed. */
export function listIds (peer: PeerIdentity): readonly string[] | undefined {
  if (peer.notBelieved.includes('spiffe')) return undefined
  if (peer.spiffeId !== undefined) return [peer.spiffeId]
  // An ID is made of the URI names: where those were said, its absence is known too. Whether other URIs are believed
  // does not matter for that. The claims are asked only whether the URI names were said at all, not what they are.
  return listAltNames(claimsOf(peer), 'uri') === undefined ? undefined : []
}
