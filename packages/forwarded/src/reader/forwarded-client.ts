import { createPartialIdentity, endOfValidity, parsePeerIdentity, relinkPeerIdentity } from '@peerkit/identity'
import type { CertificateFlaw, PeerIdentity } from '@peerkit/identity'
import { weighIdentity } from '@peerkit/identity/internal'
import type { Claim } from '../headers/header-format.ts'
import type { ChainVerdict } from './reader-options.ts'

/** Maximum number of gateways for which an identity is cached, per client. */
const MAX_SENDERS = 16

/** Size of a cache entry without its certificates, in bytes. */
const WEIGHT = 5_000
/** Size of the object that holds the bytes of a certificate that is not parsed. */
const WEIGHT_OF_BYTES = 200

const NOTHING: readonly Uint8Array[] = Object.freeze([])

/** The client that headers identify. It is the same for every gateway that sends them, except for `via`. */
export class ForwardedClient {
  /** The outer gateways, nearest last. */
  readonly hops: readonly PeerIdentity[]
  /**
   * When all certificates are valid, in milliseconds since the epoch: from `notBefore` until `until`. Infinite without
   * certificates.
   */
  readonly notBefore: number
  readonly until: number
  /** Whether the certificate is a CA certificate. */
  readonly isCa: boolean
  /** DER of the other certificates that the client sent, according to the gateway. */
  readonly sent: readonly Uint8Array[]
  /** Approximate size in bytes. */
  readonly weight: number
  readonly #client: PeerIdentity
  readonly #bySender = new Map<string, PeerIdentity>()

  /**
   * @param tolerate flaws of the client's certificate that are not refused
   * @param verdict the validator's result; its path becomes the identity's chain. Without a validator the chain is
   * unknown: the chain that a gateway forwards is what the client sent, and its last signature is not verified
   * @throws if a certificate or a name cannot be parsed
   */
  constructor (
    claim: Claim, gateways: readonly Claim[], tolerate: readonly CertificateFlaw[],
    verdict?: Extract<ChainVerdict, { valid: true }>
  ) {
    this.hops = gateways.map((gateway) => readClaim(gateway, []))
    const chain = verdict?.path.map(readIssuer)
    const links = { source: 'forwarded', via: this.hops, ...(chain !== undefined && { chain }) } as const
    this.#client =
      verdict?.peer !== undefined
        ? relinkPeerIdentity(verdict.peer, links)
        : relinkPeerIdentity(readClaim(claim, this.hops, tolerate), links)
    this.sent = 'known' in claim ? NOTHING : claim.chain
    const peers = [this.#client, ...this.hops]
    this.notBefore = Math.max(...peers.map(({ notBefore = -Infinity }) => notBefore))
    this.until = Math.min(...peers.map((client) => client.notAfter === undefined ? Infinity : endOfValidity(client)))
    this.isCa = this.#client.isCa === true
    // Others may share the issuers of a path. They count all the same, since this entry may be the last that has them.
    this.weight = WEIGHT +
      [...peers, ...chain ?? []].reduce((sum, peer) => sum + weighIdentity(peer), 0) +
      this.sent.reduce((sum, { length }) => sum + WEIGHT_OF_BYTES + length, 0)
    this.#bySender.set('', this.#client)
  }

  /**
   * The client's identity as received from this gateway. The same object each time, so that results can be cached by
   * it.
   */
  identify (sender: PeerIdentity | undefined): PeerIdentity {
    const key = sender === undefined ? '' : sender.fingerprint256
    const known = key === undefined ? undefined : this.#bySender.get(key)
    if (known !== undefined) return known
    const identity = relinkPeerIdentity(this.#client, { via: [...this.hops, sender as PeerIdentity] })
    if (key === undefined) return identity
    const [oldest] = this.#bySender.keys()
    if (this.#bySender.size >= MAX_SENDERS) this.#bySender.delete(oldest as string)
    this.#bySender.set(key, identity)
    return identity
  }
}

function readClaim (
  claim: Claim, via: readonly PeerIdentity[], tolerate: readonly CertificateFlaw[] = []
): PeerIdentity {
  return 'known' in claim
    ? createPartialIdentity({ ...claim.known, source: 'forwarded', via })
    : parsePeerIdentity(claim.leaf, { source: 'forwarded', via, tolerate })
}

function readIssuer (issuer: PeerIdentity | Uint8Array): PeerIdentity {
  return issuer instanceof Uint8Array ? parsePeerIdentity(issuer, { source: 'forwarded' }) : issuer
}
