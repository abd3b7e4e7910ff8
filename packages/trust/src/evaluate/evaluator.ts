import crypto from 'node:crypto'
import type { CertificateStep } from '@peerkit/events'
import { claimsOf, limitPeerIdentity, relinkPeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { isThenable, weighIdentity, whenSettled } from '@peerkit/identity/internal'
import { summarizeCertificate } from '@peerkit/identity/x509'
import { AuthoritiesInForce } from '../authority/authorities-in-force.ts'
import { findBlocked } from '../authority/block-list.ts'
import type { LoadedAuthority } from '../authority/load-authority.ts'
import { searchAuthorities } from '../authority/search-authorities.ts'
import type { Found } from '../authority/search-authorities.ts'
import { Certificate, readTraced, tryReadCertificate } from '../certificate/certificate.ts'
import { allowsPurpose, endOf } from '../certificate/find-flaw.ts'
import { CertificateStore } from '../memory/certificate-store.ts'
import { DecisionMemory } from '../memory/decision-memory.ts'
import type { Remembered } from '../memory/decision-memory.ts'
import { PendingDecisions } from '../memory/pending-decisions.ts'
import { weighCertificate } from '../memory/weigh-certificate.ts'
import { CHANGED, refuse } from '../refusal.ts'
import type { PathRefused } from '../refusal.ts'
import { checkQuestion, refusedBy } from './decision.ts'
import type { Accepted, Decision, Presented, TrustEvaluator, TrustVersion } from './decision.ts'
import { readEvaluatorOptions } from './evaluator-options.ts'
import type { EvaluatorSettings, TrustEvaluatorOptions } from './evaluator-options.ts'

/** How often a decision is repeated if the anchors or the revocation data changed meanwhile. */
const MAX_ATTEMPTS = 3
/** How many certificates of one CA are kept for resumed sessions: cross-certificates, and renewed ones. */
const MAX_COPIES = 4
/** Bytes of a cached decision beside its certificates. */
const DECISION_WEIGHT = 1_000

/**
 * Creates an evaluator, which decides whether certificates are accepted.
 *
 * @param options see {@link TrustEvaluatorOptions}
 * @returns the evaluator
 * @throws PathOptionError if an option is invalid, or a certificate of an authority cannot be read
 * @example
 * ```ts
 * const trust = createTrustEvaluator({ authorities: () => [{ name: 'internal', ca: [ca.der] }] })
 * const decision = await trust.evaluate(client.der, { sent: [] })
 * if (decision.accepted) console.log(decision.peer.commonName, decision.authority) // alice internal
 * else console.error(decision.reason, decision.detail.message)
 * ```
 */
export function createTrustEvaluator (options: TrustEvaluatorOptions): TrustEvaluator {
  return new Evaluator(readEvaluatorOptions(options))
}

class Evaluator implements TrustEvaluator {
  readonly #settings: EvaluatorSettings
  readonly #verified: CertificateStore
  readonly #memory: DecisionMemory<Accepted>
  /** Decisions for resumed sessions. Their paths may use intermediates that this peer did not send. */
  readonly #resumed: DecisionMemory<Accepted>
  readonly #pending: PendingDecisions<Decision> = new PendingDecisions()
  /** When each learned intermediate CA expires, by name and key. Cleared when the anchors change. */
  readonly #learned = new Map<string, number>()
  readonly #inForce: AuthoritiesInForce

  constructor (settings: EvaluatorSettings) {
    this.#settings = settings
    this.#verified = new CertificateStore(settings.maxIntermediates)
    this.#memory = new DecisionMemory(settings.cacheSize, settings.cacheBytes / 2)
    this.#resumed = new DecisionMemory(settings.cacheSize, settings.cacheBytes / 2)
    this.#inForce = new AuthoritiesInForce(settings, () => { this.#learned.clear() })
  }

  get version (): TrustVersion {
    return this.#inForce.refresh()
  }

  get learned (): readonly string[] {
    this.#inForce.refresh()
    const now = this.#settings.now()
    const valid = [...this.#learned].filter(([, end]) => now < end)
    return valid.map(([authority]) => crypto.hash('sha256', authority, 'hex')).sort()
  }

  remembers (leaf: Uint8Array, sent?: readonly Uint8Array[]): boolean {
    return sent === undefined ? this.#recall(leaf).length > 0 : this.#memory.find(leaf, sent) !== undefined
  }

  isCurrent (decision: Pick<Decision, 'version'> & { readonly authority?: string }): boolean {
    const { version, authority } = decision
    const now = this.version
    return version === now || (version.trust === now.trust && version.revocation === now.revocation) ||
      (authority !== undefined && this.#inForce.outlives(authority, version))
  }

  isFresh (decision: Accepted): boolean {
    const now = this.#settings.now()
    const isInTime = now < decision.notAfter && now < decision.revalidateAt
    return isInTime && this.isCurrent(decision) && !this.#isBlockedNow(decision)
  }

  /** Whether a block list with `always` blocks it. */
  #isBlockedNow ({ peer }: Accepted): boolean {
    const { block } = this.#settings
    return block?.always === true && findBlocked(block, [claimsOf(peer), ...(peer.chain ?? [])]) !== undefined
  }

  evaluate (leaf: Uint8Array, presented: Presented = {}): Decision | Promise<Decision> {
    checkQuestion(leaf, presented)
    const { sent = [], resumed = false } = presented
    const known = resumed ? this.#recall(leaf) : [this.#memory.find(leaf, sent)]
    for (const entry of known) {
      if (entry !== undefined && this.isFresh(entry.decision)) return entry.decision
    }
    const running = this.#pending.find(leaf, sent, resumed, this.#settings.now())
    if (running !== undefined) return running
    const decided = this.#decide(leaf, sent, resumed, readAgain(known[0]), 1)
    return isThenable(decided) ? this.#pending.add(leaf, sent, resumed, decided, this.#settings.now()) : decided
  }

  #decide (
    leafDer: Uint8Array, sent: readonly Uint8Array[], resumed: boolean, known: Certificate | undefined, attempt: number
  ): Decision | Promise<Decision> {
    const { version } = this
    const { maxLeafBytes } = this.#settings.limits
    const refuseLeaf = (step: CertificateStep, message: string): Decision => {
      return refusedBy(refuse(step, message, { certificate: summarizeCertificate(leafDer) }), version)
    }
    let leaf: Certificate
    try {
      if (leafDer.length > maxLeafBytes) {
        return refuseLeaf('too_large', `the certificate has ${leafDer.length} octets; at most ${maxLeafBytes}`)
      }
      leaf = known ?? new Certificate(leafDer, { tolerate: this.#inForce.index.tolerate })
    } catch (error) {
      return refuseLeaf('unreadable', `the certificate cannot be read: ${(error as Error).message}`)
    }
    // A resumed session: try the chains first that this leaf was sent with before.
    const candidates = resumed ? this.#recall(leafDer).flatMap((entry) => entry.sent) : this.#readSent(sent)
    const question = { leaf, sent: candidates, verified: resumed ? this.#verified : undefined }
    const conclude = (answer: Found | PathRefused): Decision | Promise<Decision> => {
      if (!this.isCurrent({ version })) {
        // The answer is about anchors or revocation data that were replaced meanwhile.
        if (attempt < MAX_ATTEMPTS) return this.#decide(leafDer, sent, resumed, leaf, attempt + 1)
        return refuseLeaf('revocation_unknown', CHANGED)
      }
      if (!answer.valid) return refusedBy(answer, version)
      const decision = this.#accept(leaf, answer, version)
      const isWhole = candidates.length === sent.length && isVouchedFor(candidates, answer)
      if (resumed) this.#resumed.add(leaf, [], decision, this.#weigh(leaf, answer.path.slice(1, -1)))
      else if (isWhole) this.#memory.add(leaf, candidates, decision, this.#weigh(leaf, candidates))
      return decision
    }
    return whenSettled(
      searchAuthorities(question, this.#inForce.index, this.#settings, this.#inForce.unreadable), conclude
    )
  }

  /** How much memory a decision keeps in use: the leaf, and the other certificates that are kept for it alone. */
  #weigh (leaf: Certificate, others: readonly Certificate[]): number {
    return others.reduce((sum, certificate) => {
      const isShared = this.#verified.has(certificate) ||
        this.#inForce.index.find(certificate.der) === certificate
      return isShared ? sum : sum + weighCertificate(certificate)
    }, DECISION_WEIGHT + weighIdentity(leaf.identity))
  }

  /** Reads the certificates that were sent, up to the limits. Those that cannot be read are ignored. */
  #readSent (sent: readonly Uint8Array[]): readonly Certificate[] {
    const { maxCertificates, maxBytes } = this.#settings.limits
    const { tolerate } = this.#inForce.index
    const candidates: Certificate[] = []
    let octets = 0
    for (const der of sent.slice(0, maxCertificates)) {
      octets += der.length
      if (octets > maxBytes) break
      const known = this.#verified.find(der) ?? this.#inForce.index.find(der)
      const candidate = known ?? tryReadCertificate(der, { tolerate })
      if (candidate !== undefined) candidates.push(candidate)
    }
    return candidates
  }

  #accept (leaf: Certificate, { authority, path, revocation }: Found, version: TrustVersion): Accepted {
    for (const intermediate of path.slice(1, -1)) this.#learn(authority, intermediate)
    const isForClients = path.every((certificate) => allowsPurpose(certificate, 'clientAuth'))
    const serverAuthOnly = this.#settings.purpose === 'clientAuth' && !isForClients
    return Object.freeze({
      accepted: true,
      peer: this.#nameOf(leaf, path.slice(1).map(({ identity }) => identity), authority),
      authority: authority.name,
      serverAuthOnly,
      tolerated: Object.freeze([...new Set(path.flatMap(({ flaws }) => flaws))]),
      version,
      notAfter: Math.min(...path.map(endOf), serverAuthOnly ? authority.serverAuthOnlyUntil ?? -Infinity : Infinity),
      revalidateAt: revocation.revalidateAt,
      staleUntil: revocation.staleUntil
    })
  }

  /**
   * Stores an intermediate of an accepted path. A peer may be able to make copies, with the same name and key (ECDSA
   * signatures have two forms). They must neither change what was learned nor push others out of the store. So a second
   * certificate of a CA is learned only if it expires later. Otherwise it is kept beside the first, if there is room.
   */
  #learn ({ known }: LoadedAuthority, intermediate: Certificate): void {
    const { authority } = intermediate
    if (known.named(intermediate.subjectKey).some((configured) => configured.authority === authority)) {
      if (!known.has(intermediate)) this.#keepCopy(intermediate)
      return
    }
    const end = endOf(intermediate)
    const learned = this.#learned.get(authority)
    const hasRoom = this.#learned.size < this.#settings.maxIntermediates && this.#verified.hasRoomFor(intermediate)
    if (learned === undefined && !hasRoom) return
    if (learned !== undefined && end <= learned) {
      this.#keepCopy(intermediate)
      return
    }
    this.#verified.add(intermediate)
    this.#learned.set(authority, end)
    if (learned === undefined) this.#settings.onLearned()
  }

  /**
   * Keeps a further certificate of a CA that was learned or is configured. Without it, no session below that CA could
   * be resumed once the first certificate is blocked or revoked.
   */
  #keepCopy (intermediate: Certificate): void {
    const { authority, subjectKey, der } = intermediate
    const copies = this.#verified.named(subjectKey).filter((other) => other.authority === authority)
    const hasRoom = copies.length < MAX_COPIES && this.#verified.size < this.#settings.maxIntermediates &&
      this.#verified.hasRoomFor(intermediate)
    if (hasRoom && this.#verified.find(der) === undefined) this.#verified.add(intermediate)
  }

  /** All cached decisions for a leaf, with any other certificates. */
  #recall (leaf: Uint8Array): readonly Remembered<Accepted>[] {
    const [full, resumed] = [this.#memory.findAny(leaf), this.#resumed.findAny(leaf)]
    return resumed.length === 0 ? full : [...full, ...resumed]
  }

  /**
   * Returns the same object for the same leaf, chain and authority, so that connections of a client share caches on it.
   */
  #nameOf (leaf: Certificate, chain: readonly PeerIdentity[], authority: LoadedAuthority): PeerIdentity {
    const { name, bounds: { believedExtensions, notBelieved } } = authority
    for (const { decision: { peer } } of this.#recall(leaf.der)) {
      const isSameChain = peer.chain?.length === chain.length &&
        chain.every(({ fingerprint256 }, index) => fingerprint256 === peer.chain?.[index]?.fingerprint256)
      const isSameBelief = sameList(peer.notBelieved, notBelieved) &&
        sameList(peer.believedExtensions, believedExtensions)
      if (isSameChain && peer.authority === name && isSameBelief) return peer
    }
    return limitPeerIdentity(relinkPeerIdentity(leaf.identity, { chain }), name, notBelieved, believedExtensions)
  }
}

function sameList (one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return one.length === other.length && one.every((kind, index) => kind === other[index])
}

/** The leaf of a cached decision that is no longer fresh. */
function readAgain (entry: Remembered<Accepted> | undefined): Certificate | undefined {
  return entry && readTraced(entry.leaf, claimsOf(entry.decision.peer))
}

/** Whether the signature of every certificate led to an anchor. Otherwise nothing is cached. */
function isVouchedFor (sent: readonly Certificate[], { authority: { anchors, known }, path }: Found): boolean {
  return sent.every((certificate) => path.includes(certificate) || anchors.has(certificate) || known.has(certificate))
}
