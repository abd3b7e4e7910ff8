import { createPartialIdentity, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { Claim } from './header-format.ts'
import { linkChain } from './link-chain.ts'

/** Gateways for which an identity is kept, each. */
const MAX_SENDERS = 16

/** What an entry and each of its certificates take beside their octets, as measured. */
const WEIGHT = 5_000
const WEIGHT_EACH = 3_800

/** Whom headers speak of; the same for every gateway that sends them, but for `via`. */
export class ForwardedPerson {
  /** The gateways further out, nearest last. */
  readonly hops: readonly PeerIdentity[]
  /** When all certificates are valid, in milliseconds since the epoch; without certificates, ever. */
  readonly notBefore: number
  readonly notAfter: number
  /** Whether the certificate is a CA's own. */
  readonly isCa: boolean
  /** About how many bytes it takes. */
  readonly weight: number
  readonly #claim: Claim
  readonly #chain: readonly PeerIdentity[]
  readonly #bySender = new Map<string, PeerIdentity>()

  /**
   * @param path the verified certificates above the leaf; left out, those of the claim that stand above it by their signatures
   * @throws where a certificate or a name cannot be read
   */
  constructor (claim: Claim, gateways: readonly Claim[], path?: readonly (PeerIdentity | Uint8Array)[]) {
    this.#claim = claim
    this.#chain = readChain(claim, path)
    this.hops = gateways.map((gateway) => readClaim(gateway, readChain(gateway), []))
    const client = readClaim(claim, this.#chain, this.hops)
    const people = [client, ...this.hops]
    this.notBefore = Math.max(...people.map(({ notBefore = -Infinity }) => notBefore))
    this.notAfter = Math.min(...people.map(({ notAfter = Infinity }) => notAfter))
    this.isCa = client.isCa === true
    this.weight = WEIGHT + [client, ...this.#chain, ...this.hops].reduce((sum, { raw }) => sum + WEIGHT_EACH + 3 * (raw?.length ?? 0), 0)
    this.#bySender.set('', client)
  }

  /** The client's identity, come by way of a gateway. The same object each time, so that what depends on it can be remembered. */
  identify (sender: PeerIdentity | undefined): PeerIdentity {
    const key = sender === undefined ? '' : sender.fingerprint256
    const known = key === undefined ? undefined : this.#bySender.get(key)
    if (known !== undefined) return known
    const identity = readClaim(this.#claim, this.#chain, [...this.hops, sender as PeerIdentity])
    if (key === undefined) return identity
    const [oldest] = this.#bySender.keys()
    if (this.#bySender.size >= MAX_SENDERS) this.#bySender.delete(oldest as string)
    this.#bySender.set(key, identity)
    return identity
  }
}

function readClaim (claim: Claim, chain: readonly PeerIdentity[], via: readonly PeerIdentity[]): PeerIdentity {
  if ('known' in claim) return createPartialIdentity({ ...claim.known, source: 'forwarded', via })
  return parsePeerIdentity(claim.leaf, { source: 'forwarded', chain, via })
}

function readChain (claim: Claim, path?: readonly (PeerIdentity | Uint8Array)[]): readonly PeerIdentity[] {
  if ('known' in claim) return []
  // Each is read, also those that are left out: bytes that are no certificate are somebody's mistake or attack.
  const told = path === undefined ? claim.chain.map(readIssuer) : []
  return path === undefined ? told.slice(0, linkChain(claim.leaf, claim.chain).length) : path.map(readIssuer)
}

function readIssuer (issuer: PeerIdentity | Uint8Array): PeerIdentity {
  return issuer instanceof Uint8Array ? parsePeerIdentity(issuer, { source: 'forwarded' }) : issuer
}
