import { createPartialIdentity, endOfValidity, parsePeerIdentity, relinkPeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { ChainVerdict } from './chain-validator.ts'
import type { Claim } from './header-format.ts'

/** Gateways for which an identity is kept, each. */
const MAX_SENDERS = 16

/** What an entry and each of its certificates take beside their octets, as measured. */
const WEIGHT = 5_000
const WEIGHT_EACH = 3_800

const NOTHING: readonly Uint8Array[] = Object.freeze([])

/** Whom headers speak of; the same for every gateway that sends them, but for `via`. */
export class ForwardedPerson {
  /** The gateways further out, nearest last. */
  readonly hops: readonly PeerIdentity[]
  /** From when on all certificates are valid, and when the first of them is no longer, in milliseconds since the epoch; without certificates, always. */
  readonly notBefore: number
  readonly until: number
  /** Whether the certificate is a CA's own. */
  readonly isCa: boolean
  /** What the client sent beside its certificate, as the gateway says. */
  readonly sent: readonly Uint8Array[]
  /** About how many bytes it takes. */
  readonly weight: number
  readonly #client: PeerIdentity
  readonly #bySender = new Map<string, PeerIdentity>()

  /**
   * @param verdict of the validator, where there is one: whose path is the identity's chain. A chain that a gateway passes on is what the client sent, and nobody
   * has verified its last signature, so without a validator the chain is not known
   * @throws where a certificate or a name cannot be read
   */
  constructor (claim: Claim, gateways: readonly Claim[], verdict?: Extract<ChainVerdict, { valid: true }>) {
    this.hops = gateways.map((gateway) => readClaim(gateway, []))
    const chain = verdict?.path.map(readIssuer)
    const links = { source: 'forwarded', via: this.hops, ...(chain !== undefined && { chain }) } as const
    this.#client =
      verdict?.peer !== undefined
        ? relinkPeerIdentity(verdict.peer, links)
        : relinkPeerIdentity(readClaim(claim, this.hops), links)
    this.sent = 'known' in claim ? NOTHING : claim.chain
    const people = [this.#client, ...this.hops]
    this.notBefore = Math.max(...people.map(({ notBefore = -Infinity }) => notBefore))
    this.until = Math.min(...people.map((person) => person.notAfter === undefined ? Infinity : endOfValidity(person)))
    this.isCa = this.#client.isCa === true
    this.weight =
      WEIGHT +
      [this.#client, ...this.hops].reduce((sum, { raw }) => sum + WEIGHT_EACH + 3 * (raw?.length ?? 0), 0) +
      this.sent.reduce((sum, { length }) => sum + WEIGHT_EACH + 3 * length, 0)
    this.#bySender.set('', this.#client)
  }

  /** The client's identity, come by way of a gateway. The same object each time, so that what depends on it can be remembered. */
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

function readClaim (claim: Claim, via: readonly PeerIdentity[]): PeerIdentity {
  return 'known' in claim
    ? createPartialIdentity({ ...claim.known, source: 'forwarded', via })
    : parsePeerIdentity(claim.leaf, { source: 'forwarded', via })
}

function readIssuer (issuer: PeerIdentity | Uint8Array): PeerIdentity {
  return issuer instanceof Uint8Array ? parsePeerIdentity(issuer, { source: 'forwarded' }) : issuer
}
