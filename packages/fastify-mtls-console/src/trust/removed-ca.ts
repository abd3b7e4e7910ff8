import type { CredentialSource } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import { climbChain } from '@peerkit/trust'
import { keyOfPeer } from '../collect/client-book.ts'
import type { ClientBook } from '../collect/client-book.ts'
import type { FormerAnchor, RotationHistory } from './rotation-history.ts'
import { nameCertificate } from './show-certificate.ts'

/** The CA of a refused certificate that was trusted before. */
export interface RemovedCa {
  readonly name: string
  /** The authority that had it. */
  readonly authority: string | undefined
  /** Milliseconds since the epoch. */
  readonly removedAt: number
}

interface Sources {
  readonly credentials: Pick<CredentialSource, 'current'>
  readonly rotations: Pick<RotationHistory, 'formerAnchors'>
  readonly clients: Pick<ClientBook, 'find'>
}

/**
 * Finds the removed CA of a refused certificate. A name alone is no proof, so either the client was accepted before, or
 * the signatures lead to the removed CA.
 *
 * @param time when the certificate was refused
 */
export function findRemovedCa (
  { credentials, rotations, clients }: Sources, peer: PeerIdentity, time: number
): RemovedCa | undefined {
  const { anchors, candidates } = credentials.current
  const formers = rotations.formerAnchors()
  const path = clients.find(keyOfPeer(peer))?.identity.chain ?? peer.chain
  const chain = path ?? climb(peer, formers, candidates)
  const former = formers.find(({ identity }) => chain.some((one) => isSame(one, identity)))
  if (former !== undefined) {
    const { identity, authority, removedAt } = former
    return { name: nameCertificate(identity), authority, removedAt }
  }
  // A connection may end before the history hears of the rotation.
  const top = path?.at(-1)
  if (top === undefined || anchors.some((anchor) => isSame(anchor, top))) return undefined
  return { name: nameCertificate(top), authority: peer.authority, removedAt: time }
}

/** Verifies signatures only if the issuer has the name of a removed CA or of a known intermediate. */
function climb (
  peer: PeerIdentity, formers: readonly FormerAnchor[], candidates: readonly PeerIdentity[]
): readonly PeerIdentity[] {
  if (formers.length === 0) return []
  const all = [...formers.map(({ identity }) => identity), ...candidates]
  const issuer = peer.issuer?.toString()
  return all.some(({ subject }) => subject?.toString() === issuer) ? climbChain(peer, all) : []
}

function isSame (one: PeerIdentity, other: PeerIdentity): boolean {
  return one.fingerprint256 === other.fingerprint256
}
