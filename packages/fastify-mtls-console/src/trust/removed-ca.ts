import type { CredentialSnapshot, CredentialSource } from '@peerkit/credentials'
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
 */
export class RemovedCaFinder {
  readonly #sources: Sources
  #issuers: Issuers | undefined

  constructor (sources: Sources) {
    this.#sources = sources
  }

  /** @param time when the certificate was refused */
  find (peer: PeerIdentity, time: number): RemovedCa | undefined {
    const { credentials: { current }, rotations, clients } = this.#sources
    const formers = rotations.formerAnchors()
    const path = clients.find(keyOfPeer(peer))?.identity.chain ?? peer.chain
    const chain = path ?? this.#climb(peer, formers, current)
    const former = formers.find(({ identity }) => chain.some((one) => isSame(one, identity)))
    if (former !== undefined) {
      const { identity, authority, removedAt } = former
      return { name: nameCertificate(identity), authority, removedAt }
    }
    // A connection may end before the history hears of the rotation.
    const top = path?.at(-1)
    if (top === undefined || current.anchors.some((anchor) => isSame(anchor, top))) return undefined
    return { name: nameCertificate(top), authority: peer.authority, removedAt: time }
  }

  /** Verifies signatures only if the issuer has the name of a removed CA or of a known intermediate. */
  #climb (peer: PeerIdentity, formers: readonly FormerAnchor[], snapshot: CredentialSnapshot): readonly PeerIdentity[] {
    const [newest] = formers
    if (newest === undefined) return []
    const known = this.#issuers
    // Strangers may be refused at any rate, so the names are written once for each rotation.
    const issuers = known?.snapshot === snapshot && known.newest === newest
      ? known
      : this.#issuers = collectIssuers(formers, newest, snapshot)
    const issuer = peer.issuer?.toString()
    return issuer !== undefined && issuers.names.has(issuer) ? climbChain(peer, issuers.all) : []
  }
}

/** Certificates that may be above a refused one, and their names. */
interface Issuers {
  readonly snapshot: CredentialSnapshot
  readonly newest: FormerAnchor
  readonly all: readonly PeerIdentity[]
  readonly names: ReadonlySet<string | undefined>
}

function collectIssuers (
  formers: readonly FormerAnchor[], newest: FormerAnchor, snapshot: CredentialSnapshot
): Issuers {
  const all = [...formers.map(({ identity }) => identity), ...snapshot.candidates]
  return { snapshot, newest, all, names: new Set(all.map(({ subject }) => subject?.toString())) }
}

function isSame (one: PeerIdentity, other: PeerIdentity): boolean {
  return one.fingerprint256 === other.fingerprint256
}
