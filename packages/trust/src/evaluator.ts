import crypto from 'node:crypto'
import { claimsOf, limitPeerIdentity, relinkPeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { summarizeCertificate } from '@peerkit/identity/x509'
import { AuthoritiesInForce } from './authority/authorities-in-force.ts'
import { findBlocked } from './authority/block-list.ts'
import type { LoadedAuthority } from './authority/load-authority.ts'
import { searchAuthorities } from './authority/search-authorities.ts'
import type { Found } from './authority/search-authorities.ts'
import { readPathCertificate, readTraced } from './certificate/certificate.ts'
import type { Certificate } from './certificate/certificate.ts'
import { allowsPurpose, endOf } from './certificate/find-flaw.ts'
import { refusedBy } from './decision.ts'
import type { Accepted, Decision, TrustVersion } from './decision.ts'
import { readEvaluatorOptions } from './evaluator-options.ts'
import type { EvaluatorSettings, TrustEvaluatorOptions } from './evaluator-options.ts'
import { MTLS_ERR_PATH_OPTION } from './errors.ts'
import { checkList, describeType } from './option-check.ts'
import { CertificateStore } from './memory/certificate-store.ts'
import { DecisionMemory } from './memory/decision-memory.ts'
import type { Remembered } from './memory/decision-memory.ts'
import { PendingDecisions } from './memory/pending-decisions.ts'
import { refuse } from './refusal.ts'
import type { PathRefused } from './refusal.ts'

/** What came with a leaf. */
export interface Presented {
  /** Certificates that the peer sent beside the leaf, in its order. They are candidates: none of them is believed before its signature leads to an anchor. */
  readonly sent?: readonly Uint8Array[]
  /**
   * Whether the TLS session was resumed: then the peer sent nothing, and intermediates that earlier handshakes led to an anchor stand in. A full handshake never
   * profits from them, so that its result does not depend on who came before.
   */
  readonly resumed?: boolean
}

/** How often a decision that took time is made again because the trust moved meanwhile. */
const MAX_ATTEMPTS = 3

/** Decides whether certificates are accepted: the one place that is asked, for every kind of connection. */
export interface TrustEvaluator {
  /** What decisions rest on now. */
  readonly version: TrustVersion
  /**
   * Whether a leaf is accepted: some path of certificates, each signed by the next, leads to an anchor in force and satisfies RFC 5280 section 6 and the
   * revocation policy. At once unless a revocation checker answers later. It neither throws nor rejects for what certificates hold.
   *
   * @param leaf one certificate in DER. The caller must not write to it any more
   * @throws MTLS_ERR_PATH_OPTION for what is no DER, or no list of it
   */
  evaluate (leaf: Uint8Array, presented?: Presented): Decision | Promise<Decision>
  /**
   * The intermediate CAs that peers sent and that accepted paths went through, each as a SHA-256 of its name and key, sorted: those that no configuration knows of
   * and that have not ended. Processes with the same ones can resume each other's TLS sessions.
   */
  readonly learned: readonly string[]
  /**
   * Whether a leaf was accepted before, though it may not be any more.
   *
   * @param sent only with exactly these certificates beside it. Default: whatever came with it
   */
  remembers (leaf: Uint8Array, sent?: readonly Uint8Array[]): boolean
  /** Whether neither the anchors nor the revocation data moved since a decision. */
  isCurrent (decision: Pick<Decision, 'version'>): boolean
  /** Whether a decision may be used without asking again: it is current, and its time is not over. */
  isFresh (decision: Accepted): boolean
}

/**
 * Makes an evaluator.
 *
 * @throws MTLS_ERR_PATH_OPTION, also where a certificate of an authority cannot be read
 * @example
 * const trust = createTrustEvaluator({ authorities: () => [{ name: 'default', ca: [root.der] }] })
 * const decision = await trust.evaluate(leaf, { sent: [intermediate] })
 * if (!decision.accepted) console.error(decision.reason, decision.detail.message)
 */
export function createTrustEvaluator (options: TrustEvaluatorOptions): TrustEvaluator {
  return new Evaluator(readEvaluatorOptions(options))
}

class Evaluator implements TrustEvaluator {
  readonly #settings: EvaluatorSettings
  readonly #verified: CertificateStore
  readonly #memory: DecisionMemory<Accepted>
  /** Of resumed sessions: their paths may go through intermediates that this peer did not send. */
  readonly #resumed: DecisionMemory<Accepted>
  readonly #pending: PendingDecisions<Decision> = new PendingDecisions()
  /** The last end of each intermediate CA that was learned under the anchors in force, by name and key. */
  readonly #learned = new Map<string, number>()
  readonly #inForce: AuthoritiesInForce

  constructor (settings: EvaluatorSettings) {
    this.#settings = settings
    this.#verified = new CertificateStore(settings.maxIntermediates)
    this.#memory = new DecisionMemory(settings.maxRemembered)
    this.#resumed = new DecisionMemory(settings.maxRemembered)
    this.#inForce = new AuthoritiesInForce(settings, () => { this.#learned.clear() })
  }

  get version (): TrustVersion {
    return this.#inForce.refresh()
  }

  get learned (): readonly string[] {
    this.#inForce.refresh()
    const now = this.#settings.now()
    return [...this.#learned].filter(([, end]) => now < end).map(([authority]) => crypto.hash('sha256', authority, 'hex')).sort()
  }

  remembers (leaf: Uint8Array, sent?: readonly Uint8Array[]): boolean {
    return sent === undefined ? this.#recall(leaf).length > 0 : this.#memory.find(leaf, sent) !== undefined
  }

  isCurrent ({ version }: Pick<Decision, 'version'>): boolean {
    const now = this.version
    return version === now || (version.trust === now.trust && version.revocation === now.revocation)
  }

  isFresh (decision: Accepted): boolean {
    const now = this.#settings.now()
    return now < decision.notAfter && now < decision.revalidateAt && this.isCurrent(decision) && !this.#isBlockedNow(decision)
  }

  /** By a list that is asked each time. */
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
    return decided instanceof Promise ? this.#pending.add(leaf, sent, resumed, decided, this.#settings.now()) : decided
  }

  #decide (leafDer: Uint8Array, sent: readonly Uint8Array[], resumed: boolean, known: Certificate | undefined, attempt: number): Decision | Promise<Decision> {
    const { version } = this
    const { maxLeafBytes } = this.#settings.limits
    let leaf: Certificate
    try {
      if (leafDer.length > maxLeafBytes) return refusedBy(refuse('too_large', `the certificate has ${leafDer.length} octets; at most ${maxLeafBytes}`, { certificate: summarizeCertificate(leafDer) }), version)
      leaf = known ?? readPathCertificate(leafDer)
    } catch (error) {
      return refusedBy(refuse('certificate_invalid', `the certificate cannot be read: ${(error as Error).message}`, { certificate: summarizeCertificate(leafDer) }), version)
    }
    // A resumed session's intermediates are tried first by the chain that this very leaf came with.
    const candidates = resumed ? this.#recall(leafDer).flatMap((entry) => entry.sent) : this.#readSent(sent)
    const question = { leaf, sent: candidates, verified: resumed ? this.#verified : undefined }
    const found = searchAuthorities(question, this.#inForce.index, this.#settings, this.#inForce.unreadable)
    const conclude = (answer: Found | PathRefused): Decision | Promise<Decision> => {
      if (!this.isCurrent({ version })) {
        // The answer is about a trust that is no longer in force.
        if (attempt < MAX_ATTEMPTS) return this.#decide(leafDer, sent, resumed, leaf, attempt + 1)
        return refusedBy(refuse('revocation_unknown', 'the trust moved while the certificate was checked', { certificate: summarizeCertificate(leafDer) }), version)
      }
      if (!answer.valid) return refusedBy(answer, version)
      const decision = this.#accept(leaf, answer, version)
      if (resumed) this.#resumed.add(leaf, [], decision)
      else if (candidates.length === sent.length && isVouchedFor(candidates, answer)) this.#memory.add(leaf, candidates, decision)
      return decision
    }
    return found instanceof Promise ? found.then(conclude) : conclude(found)
  }

  /** As many of the certificates that were sent as the limits allow. What cannot be read is no candidate. */
  #readSent (sent: readonly Uint8Array[]): readonly Certificate[] {
    const { maxCertificates, maxBytes } = this.#settings.limits
    const candidates: Certificate[] = []
    let octets = 0
    for (const der of sent.slice(0, maxCertificates)) {
      octets += der.length
      if (octets > maxBytes) break
      const candidate = this.#verified.find(der) ?? this.#inForce.index.find(der) ?? tryRead(der)
      if (candidate !== undefined) candidates.push(candidate)
    }
    return candidates
  }

  #accept (leaf: Certificate, { authority, path, revocation }: Found, version: TrustVersion): Accepted {
    for (const intermediate of path.slice(1, -1)) this.#learn(authority, intermediate)
    const serverAuthOnly = this.#settings.purpose === 'clientAuth' && !path.every((certificate) => allowsPurpose(certificate, 'clientAuth'))
    return Object.freeze({
      accepted: true,
      peer: this.#nameOf(leaf, path.slice(1).map(({ identity }) => identity), authority),
      authority: authority.name,
      serverAuthOnly,
      version,
      notAfter: Math.min(...path.map(endOf), serverAuthOnly ? authority.serverAuthOnlyUntil ?? -Infinity : Infinity),
      revalidateAt: revocation.revalidateAt,
      staleUntil: revocation.staleUntil
    })
  }

  /**
   * An accepted path went through it. Another certificate of the same name and key brings nothing new: a peer that can make such twins (ECDSA signatures have two
   * forms) must neither change what was learned nor push others out of the store.
   */
  #learn ({ known }: LoadedAuthority, intermediate: Certificate): void {
    const { authority } = intermediate
    if (known.named(intermediate.subjectKey).some((configured) => configured.authority === authority)) return
    const end = endOf(intermediate)
    const learned = this.#learned.get(authority)
    if (learned === undefined ? this.#learned.size >= this.#settings.maxIntermediates : end <= learned) return
    this.#verified.add(intermediate)
    this.#learned.set(authority, end)
    if (learned === undefined) this.#settings.onLearned()
  }

  /** What is remembered of a leaf, whatever came with it. */
  #recall (leaf: Uint8Array): readonly Remembered<Accepted>[] {
    const [full, resumed] = [this.#memory.findAny(leaf), this.#resumed.findAny(leaf)]
    return resumed.length === 0 ? full : [...full, ...resumed]
  }

  /** The same object for the same leaf, chain and authority, so that what hangs on it is shared by a client's connections. */
  #nameOf (leaf: Certificate, chain: readonly PeerIdentity[], { name, bounds: { notBelieved } }: LoadedAuthority): PeerIdentity {
    for (const { decision: { peer } } of this.#recall(leaf.der)) {
      const isSameChain = peer.chain?.length === chain.length && chain.every(({ fingerprint256 }, index) => fingerprint256 === peer.chain?.[index]?.fingerprint256)
      if (isSameChain && peer.authority === name && sameKinds(peer.notBelieved, notBelieved)) return peer
    }
    return limitPeerIdentity(relinkPeerIdentity(leaf.identity, { chain }), name, notBelieved)
  }
}

function sameKinds (one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((kind, index) => kind === other[index])
}

/** @throws MTLS_ERR_PATH_OPTION */
function checkQuestion (leaf: unknown, presented: Presented): void {
  if (!(leaf instanceof Uint8Array)) throw new MTLS_ERR_PATH_OPTION(`the leaf is ${describeType(leaf)}; expected one certificate in DER (Uint8Array)`)
  if (typeof presented !== 'object' || presented === null || Array.isArray(presented)) throw new MTLS_ERR_PATH_OPTION(`what came with the leaf is ${describeType(presented)}; expected { sent, resumed }`)
  const { sent } = presented
  if (sent === undefined) return
  checkList(sent, 'sent')
  const odd = sent.findIndex((der) => !(der instanceof Uint8Array))
  if (odd !== -1) throw new MTLS_ERR_PATH_OPTION(`sent[${odd}] is ${describeType(sent[odd])}; expected a certificate in DER (Uint8Array)`)
}

/** The leaf of a decision that has to be made anew. */
function readAgain (entry: Remembered<Accepted> | undefined): Certificate | undefined {
  return entry && readTraced(entry.leaf, claimsOf(entry.decision.peer))
}

/** Nothing is kept that no anchor vouched for: a leaf with other certificates beside it is decided each time. */
function isVouchedFor (sent: readonly Certificate[], { authority, path }: Found): boolean {
  return sent.every((certificate) => path.includes(certificate) || authority.anchors.has(certificate) || authority.known.has(certificate))
}

function tryRead (der: Uint8Array): Certificate | undefined {
  try {
    return readPathCertificate(der)
  } catch {
    return undefined
  }
}
