import { OtherSide, authoritiesOf, boundsOf, listCheckers, ruleAuthoritiesOf, vouchesFor } from '@peerkit/credentials'
import type { RuleAuthority, TrustSnapshot, TrustSource } from '@peerkit/credentials'
import type { RefusalDetail } from '@peerkit/events'
import type { RevocationChecker } from '@peerkit/revocation'
import { claimsOf } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { isThenable } from '@peerkit/identity/internal'
import { createTrustEvaluator, findBlocked } from '@peerkit/trust'
import type {
  Accepted, AlgorithmPolicy, BlockList, Decision, NameBounds, Presented, Refused, TrustEvaluator,
  TrustVersion
} from '@peerkit/trust'
import type { PresentedClient } from '../connection/connection-record.ts'

/** OpenSSL's codes for a path that ends at a certificate that is not self-signed. */
const PARTIAL_CODES: ReadonlySet<string> = new Set([
  'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'
])

/** How many signatures are verified to explain one refusal. */
const MAX_EXPLAINED_SIGNATURES = 4

export interface TrustOptions {
  /** Checks revocation in addition to the CRLs of the credentials. All must accept the certificate. */
  readonly revocation: RevocationChecker | undefined
  readonly algorithms: AlgorithmPolicy | undefined
  readonly block: BlockList | undefined
  readonly now: () => number
  /** Called when `learned` grows. */
  readonly onLearned: () => void
}

/** What is read once for each snapshot. */
interface InForce {
  readonly snapshot: TrustSnapshot
  readonly isLimited: boolean
  readonly revocation: readonly RevocationChecker[]
}

function readInForce (snapshot: TrustSnapshot, own: RevocationChecker | undefined): InForce {
  const { authorities } = snapshot
  const checkers = listCheckers(snapshot, 'clients')
  return {
    snapshot,
    isLimited: authorities.length > 1 || authorities.some(({ names }) => names !== 'any'),
    revocation: own === undefined ? checkers : [...checkers, own]
  }
}

/** Decides whether the current credentials accept a client's certificate. */
export class Trust {
  readonly credentials: TrustSource
  readonly now: () => number
  readonly #own: RevocationChecker | undefined
  readonly #block: BlockList | undefined
  readonly #evaluator: TrustEvaluator
  readonly #explainer: TrustEvaluator
  readonly #otherSide: OtherSide
  #readFrom: InForce | undefined
  #seen: TrustVersion | undefined
  /** Called for every decision about a client that is accepted with tolerated flaws. The plugin sets it. */
  onTolerated: ((decision: Accepted) => void) | undefined
  #generation = 0

  constructor (credentials: TrustSource, { revocation, algorithms, block, now, onLearned }: TrustOptions) {
    this.credentials = credentials
    this.now = now
    this.#own = revocation
    this.#block = block
    this.#otherSide = new OtherSide(credentials, 'clients', now)
    const common = {
      version: () => credentials.current.trustEpoch,
      now,
      ...(algorithms !== undefined && { algorithms }),
      ...(block !== undefined && { block })
    }
    this.#evaluator = createTrustEvaluator({
      ...common, authorities: () => authoritiesOf(credentials.current, 'clients', revocation), onLearned
    })
    this.#explainer = createTrustEvaluator({
      ...common,
      authorities: () => authoritiesOf(credentials.current, 'clients').map((authority) => ({
        ...authority, revocation: []
      })),
      cacheSize: 0,
      maxIntermediates: 0,
      limits: { maxSignatures: MAX_EXPLAINED_SIGNATURES }
    })
  }

  /**
   * Whether `evaluate` decides although OpenSSL refused with this code. An authority may accept certificates for
   * servers only, or let paths end at an intermediate, and Node cannot configure either for a server. OpenSSL's verdict
   * then only proves possession of the key.
   */
  overrules (code: string): boolean {
    const { authorities } = this.credentials.current
    if (code === 'INVALID_PURPOSE') {
      return authorities.some(({ serverAuthOnlyUntil = -Infinity }) => this.now() < serverAuthOnlyUntil)
    }
    return PARTIAL_CODES.has(code) && authorities.some(({ partial }) => partial)
  }

  /**
   * Whether a decision explains why OpenSSL refused with an overruled code. If not, OpenSSL refused for another reason.
   */
  explainsCode (code: string, { serverAuthOnly, authority }: Accepted): boolean {
    if (code === 'INVALID_PURPOSE') return serverAuthOnly
    return this.#authority(authority)?.partial === true
  }

  /**
   * Until when the authority of a client accepts its certificate for servers only, in milliseconds since the epoch;
   * undefined for other certificates.
   */
  serverAuthOnlyUntil ({ serverAuthOnly, authority }: Accepted): number | undefined {
    return serverAuthOnly ? this.#authority(authority)?.serverAuthOnlyUntil : undefined
  }

  /** Whether it matters which CA issued a client's certificate: there are several authorities, or bounds on names. */
  get isLimited (): boolean {
    return this.#inForce.isLimited
  }

  /** Whether there is a block list. */
  get hasBlocks (): boolean {
    return this.#block !== undefined
  }

  /** The bounds on names of an authority for clients; undefined if there is no such authority. */
  boundsOf (name: string): NameBounds | undefined {
    const authority = this.#authority(name)
    return authority && boundsOf(authority)
  }

  /** Whether an authority for clients accepts X.509-SVIDs only. */
  isSpiffeOnly (name: string): boolean { return this.#authority(name)?.spiffeOnly === true }

  #authority (name: string): TrustSnapshot['authorities'][number] | undefined {
    return this.credentials.current.authorities
      .find((each) => each.name === name && vouchesFor(each, 'clients'))
  }

  /** The authorities for clients, as rules name them. */
  get ruleAuthorities (): readonly RuleAuthority[] {
    return ruleAuthoritiesOf(this.credentials.current, 'clients', this.credentials)
  }

  /** Why an identity, or a CA of its chain, is blocked; undefined if it is not. */
  findBlocked (identity: PeerIdentity): string | undefined {
    const blocked = this.#block && findBlocked(this.#block, [claimsOf(identity), ...(identity.chain ?? [])])
    return blocked && `${String(blocked.certificate)} ${blocked.fault}`
  }

  /** Whether the block list has to be asked for every request. */
  get blocksAlways (): boolean {
    return this.#block?.always === true
  }

  /** Whether revocation is checked at all. */
  get checksRevocation (): boolean {
    return this.revocation.length > 0
  }

  get revocation (): readonly RevocationChecker[] {
    return this.#inForce.revocation
  }

  /** Computed once for each snapshot: a server behind a gateway needs it for every request. */
  get #inForce (): InForce {
    const { current } = this.credentials
    if (this.#readFrom?.snapshot !== current) this.#readFrom = readInForce(current, this.#own)
    return this.#readFrom
  }

  /**
   * Increases whenever an earlier answer may be outdated. It never repeats a value, unlike a sum of the two numbers of
   * a version.
   */
  get generation (): number {
    const { version } = this.#evaluator
    if (version !== this.#seen) {
      this.#seen = version
      this.#generation += 1
    }
    return this.#generation
  }

  /** Fingerprints of the intermediates that clients sent and that led to a trusted CA. */
  get learned (): readonly string[] {
    return this.#evaluator.learned
  }

  evaluate (leaf: Uint8Array, presented: Presented): Decision | Promise<Decision> {
    return this.#evaluator.evaluate(leaf, presented)
  }

  /** Tells of a client that is accepted with tolerated flaws. */
  tellTolerated (decision: Accepted): void {
    if (decision.tolerated.length > 0) this.onTolerated?.(decision)
  }

  /** Whether a client was accepted before. In a full handshake, only with exactly the certificates that it sent. */
  remembers ({ leaf, sent, resumed }: PresentedClient): boolean {
    return this.#evaluator.remembers(leaf, resumed ? undefined : sent)
  }

  /** Whether neither anchors nor revocation data changed since a decision. */
  isCurrent (decision: Decision): boolean {
    return this.#evaluator.isCurrent(decision)
  }

  /** Whether a decision is valid without a new evaluation. */
  isFresh (decision: Accepted): boolean {
    return this.#evaluator.isFresh(decision)
  }

  /**
   * Says what is wrong with a certificate that OpenSSL refused; undefined if a path passes every check. Does not check
   * revocation, and caches nothing.
   */
  explain (leaf: Uint8Array, sent: readonly Uint8Array[]): RefusalDetail | undefined {
    const decision = this.#explainer.evaluate(leaf, { sent })
    if (isThenable(decision) || decision.accepted) return undefined
    return this.detailOf(decision, leaf, sent)
  }

  /** What is wrong with a certificate, also where its authority is for the other side. */
  detailOf ({ detail }: Refused, leaf: Uint8Array, sent: readonly Uint8Array[]): RefusalDetail {
    return this.#otherSide.explain(detail, leaf, sent)
  }
}
