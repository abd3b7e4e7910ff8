import { findIssuer, readVerifiedChain } from '@peerkit/credentials'
import type { CredentialSource } from '@peerkit/credentials'
import { equalDistinguishedNames, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { DetailedPeerCertificate } from 'node:tls'

const MAX_LEAVES = 10_000
const MAX_ISSUERS = 1_000
/** Longer than any chain that OpenSSL takes by default. */
const MAX_LENGTH = 100

/**
 * The chains that full handshakes verified, since a resumed session brings the leaf alone. By leaf, and beside that the intermediates that were seen, which also serve leaves that
 * another worker verified. Both bounded; the oldest goes first. A leaf that comes again is the same object, so that connections of one client share it and what hangs on it.
 */
export class VerifiedChains {
  readonly #credentials: CredentialSource
  readonly #peers = new Map<string, PeerIdentity>()
  readonly #issuers = new Map<string, PeerIdentity>()

  constructor (credentials: CredentialSource) {
    this.#credentials = credentials
  }

  /** A leaf with the chain of a full handshake, up to a root that is among the anchors; undefined where Node does not show enough of it. */
  read (certificate: DetailedPeerCertificate, leaf: PeerIdentity): PeerIdentity | undefined {
    const { anchors } = this.#credentials.current
    const found = readVerifiedChain(certificate, anchors, this.#candidates(leaf))
    const chain = found === undefined ? undefined : this.#complete(found)
    if (chain === undefined) return undefined
    return this.#keep(leaf, chain.map((issuer) => this.#intern(issuer)))
  }

  /** A leaf whose session is resumed, with its chain; undefined where that is not known here. Whether its root is still trusted is for others to say. */
  recall (leaf: PeerIdentity): PeerIdentity | undefined {
    const known = this.#peers.get(leaf.fingerprint256 ?? '')
    if (known !== undefined) return known
    const chain = this.#find(leaf)
    return chain === undefined ? undefined : withChain(leaf, chain)
  }

  #find (leaf: PeerIdentity): readonly PeerIdentity[] | undefined {
    const { anchors } = this.#credentials.current
    const candidates = [...anchors, ...this.#candidates(leaf)]
    const chain: PeerIdentity[] = []
    let last = leaf
    while (chain.length < MAX_LENGTH) {
      const issuer = findIssuer(last, candidates.filter((candidate) => issued(candidate, last) && !chain.includes(candidate)))
      if (issuer === undefined) return undefined
      chain.push(issuer)
      if (anchors.includes(issuer)) return this.#complete(chain)
      last = issuer
    }
    return undefined
  }

  /**
   * An intermediate may be listed among the anchors, for the convenience of clients that leave it out. OpenSSL does not end a chain at one, so neither do we: it can be revoked, and falls
   * with its root.
   */
  #complete (chain: readonly PeerIdentity[]): readonly PeerIdentity[] | undefined {
    const whole = [...chain]
    for (let last = whole.at(-1); last !== undefined && !issued(last, last); last = whole.at(-1)) {
      const child = last
      const issuer = findIssuer(child, this.#credentials.current.anchors.filter((anchor) => issued(anchor, child) && !whole.includes(anchor)))
      if (issuer === undefined) return undefined
      whole.push(issuer)
    }
    return whole
  }

  /** The intermediates known here that may stand above a leaf, by their names alone: signatures cost too much to try them all. */
  #candidates (leaf: PeerIdentity): readonly PeerIdentity[] {
    const known = new Set([...this.#credentials.current.intermediates, ...this.#issuers.values()])
    const found: PeerIdentity[] = []
    for (let children = [leaf]; children.length > 0;) {
      const parents = [...known].filter((candidate) => children.some((child) => issued(candidate, child)))
      for (const parent of parents) known.delete(parent)
      found.push(...parents)
      children = parents
    }
    return found
  }

  #keep (leaf: PeerIdentity, chain: readonly PeerIdentity[]): PeerIdentity {
    const key = leaf.fingerprint256 ?? ''
    const known = this.#peers.get(key)
    const isSame = known?.chain !== undefined && known.chain.length === chain.length && chain.every((issuer, index) => issuer === known.chain?.[index])
    const peer = isSame ? known : withChain(leaf, chain)
    remember(this.#peers, key, peer, MAX_LEAVES)
    return peer
  }

  /** One object for each certificate, however many chains go through it. */
  #intern (issuer: PeerIdentity): PeerIdentity {
    const key = issuer.fingerprint256 ?? ''
    const kept = this.#issuers.get(key) ?? issuer
    remember(this.#issuers, key, kept, MAX_ISSUERS)
    return kept
  }
}

/** A new object: identities do not change. */
function withChain (leaf: PeerIdentity, chain: readonly PeerIdentity[]): PeerIdentity {
  return parsePeerIdentity(leaf.raw ?? new Uint8Array(), { chain })
}

function remember<Value> (map: Map<string, Value>, key: string, value: Value, max: number): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > max && oldest !== undefined) map.delete(oldest)
}

/** By name; the signature is another matter. */
function issued ({ subject }: PeerIdentity, { issuer }: PeerIdentity): boolean {
  return subject !== undefined && issuer !== undefined && equalDistinguishedNames(subject, issuer)
}
