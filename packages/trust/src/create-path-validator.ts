import type { PeerIdentity } from '@peerkit/identity'
import { readPathCertificate } from './certificate/certificate.ts'
import type { Certificate } from './certificate/certificate.ts'
import { endOf } from './certificate/find-flaw.ts'
import { Budget } from './limits.ts'
import { readOptions } from './options.ts'
import type { PathValidatorOptions, Settings } from './options.ts'
import { BoundedMemory } from './memory/bounded-memory.ts'
import { CertificateStore } from './memory/certificate-store.ts'
import { chainKey } from './memory/chain-key.ts'
import { PendingDecisions } from './memory/pending-decisions.ts'
import { CandidatePool } from './path/candidate-pool.ts'
import { searchPath } from './path/search-path.ts'
import { refuse } from './refusal.ts'
import type { PathRefused } from './refusal.ts'
import { checkRevocation } from './revocation/check-path.ts'
import type { PathRevocation } from './revocation/check-path.ts'
import { AnchorsInForce } from './anchors-in-force.ts'

/** A chain is believed. */
export interface PathAccepted {
  readonly valid: true
  /** The verified certificates above the leaf, the nearest first, the anchor last: what `PeerIdentity#chain` holds. Empty where the leaf is an anchor itself. */
  readonly path: readonly PeerIdentity[]
  readonly anchor: PeerIdentity
  /** When the answer ends: the first of the path's certificates, the anchor's included, or of the revocation answers. Milliseconds since the epoch. */
  readonly until: number
}

export type PathVerdict = PathAccepted | PathRefused

export interface PathValidator {
  /** Moves whenever an earlier answer may no longer hold: other anchors, another revocation state. */
  readonly generation: number
  /**
   * Whether a leaf chains up to an anchor, by RFC 5280 section 6. It never throws for what the certificates hold. A promise only where the revocation checker answers later.
   *
   * @param leaf DER
   * @param intermediates DER, in any order, also such that have nothing to do with the leaf
   */
  validate (leaf: Uint8Array, intermediates: readonly Uint8Array[]): PathVerdict | Promise<PathVerdict>
}

/** How often an answer is asked for again because the trust moved meanwhile. */
const MAX_ATTEMPTS = 3
/** Intermediates that are kept with their keys parsed. */
const MAX_INTERMEDIATES = 1_000

/**
 * Validates certificate paths against anchors of our own, for certificates that nobody else has validated.
 *
 * Answers are remembered by the SHA-256 of leaf and intermediates until they end or the trust moves; a no for `refusedFor` at most.
 *
 * @throws MTLS_ERR_PATH_OPTION, MTLS_ERR_PATH_ANCHORS
 */
export function createPathValidator (options: PathValidatorOptions): PathValidator {
  return new Validator(readOptions(options))
}

class Validator implements PathValidator {
  readonly #settings: Settings
  readonly #inForce: AnchorsInForce
  readonly #verified = new CertificateStore(MAX_INTERMEDIATES)
  readonly #accepted: BoundedMemory<PathAccepted>
  readonly #refused: BoundedMemory<{ readonly verdict: PathRefused, readonly until: number }>
  readonly #pending: PendingDecisions<PathVerdict> = new PendingDecisions()
  #generation: number

  constructor (settings: Settings) {
    this.#settings = settings
    this.#inForce = new AnchorsInForce(settings)
    this.#accepted = new BoundedMemory(settings.maxRemembered)
    this.#refused = new BoundedMemory(settings.maxRemembered)
    this.#generation = this.#inForce.refresh()
  }

  get generation (): number {
    const generation = this.#inForce.refresh()
    if (generation !== this.#generation) {
      this.#generation = generation
      this.#accepted.clear()
      this.#refused.clear()
      this.#pending.clear()
    }
    return generation
  }

  validate (leaf: Uint8Array, intermediates: readonly Uint8Array[]): PathVerdict | Promise<PathVerdict> {
    const { generation } = this
    const tooLarge = this.#measure(leaf, intermediates)
    if (tooLarge !== undefined) return tooLarge
    const key = chainKey(leaf, intermediates)
    const now = this.#settings.now()
    const known = this.#recall(key, now) ?? this.#pending.find(leaf, intermediates, false, now)
    if (known !== undefined) return known
    const answer = this.#search(leaf, intermediates, now)
    if (!(answer instanceof Promise)) return this.#remember(key, answer, generation)
    // Copies: the caller may write to the bytes before the answer is there.
    const [ownLeaf, own] = [new Uint8Array(leaf), intermediates.map((der) => new Uint8Array(der))] as const
    return this.#pending.add(ownLeaf, own, false, answer.then((verdict) => this.#recheck(ownLeaf, own, key, verdict, generation, 1)), now)
  }

  /** An answer that took a while may be about a trust that is gone: then it is asked for again. */
  async #recheck (leaf: Uint8Array, intermediates: readonly Uint8Array[], key: string, verdict: PathVerdict, generation: number, attempt: number): Promise<PathVerdict> {
    const current = this.generation
    if (current === generation) return this.#remember(key, verdict, generation)
    if (attempt >= MAX_ATTEMPTS) return refuse('revocation_unknown', 'the trust moved while the certificate was checked')
    return await this.#recheck(leaf, intermediates, key, await this.#search(leaf, intermediates, this.#settings.now()), current, attempt + 1)
  }

  #measure (leaf: Uint8Array, intermediates: readonly Uint8Array[]): PathRefused | undefined {
    if (!(leaf instanceof Uint8Array) || !Array.isArray(intermediates) || !intermediates.every((der) => der instanceof Uint8Array)) return refuse('certificate_invalid', 'expected the DER of a leaf and a list of the DER of intermediates')
    const { maxCertificates, maxBytes } = this.#settings.limits
    if (intermediates.length > maxCertificates) return refuse('too_large', `${intermediates.length} intermediates; at most ${maxCertificates}`)
    const size = intermediates.reduce((sum, { length }) => sum + length, leaf.length)
    return size > maxBytes ? refuse('too_large', `${size} octets of certificates; at most ${maxBytes}`) : undefined
  }

  #recall (key: string, now: number): PathVerdict | undefined {
    const accepted = this.#accepted.get(key)
    if (accepted !== undefined && now < accepted.until) return accepted
    const refused = this.#refused.get(key)
    return refused !== undefined && now < refused.until ? refused.verdict : undefined
  }

  #remember (key: string, verdict: PathVerdict, generation: number): PathVerdict {
    if (this.generation !== generation) return verdict
    if (verdict.valid) this.#accepted.set(key, verdict)
    else this.#refused.set(key, { verdict, until: this.#settings.now() + this.#settings.refusedFor })
    return verdict
  }

  #search (leafDer: Uint8Array, intermediates: readonly Uint8Array[], now: number): PathVerdict | Promise<PathVerdict> {
    const { anchors } = this.#inForce
    if (anchors === undefined) return refuse('anchors_invalid', `the trust anchors cannot be read: ${this.#inForce.failure}`)
    let leaf: Certificate
    let pool: readonly Certificate[]
    try {
      leaf = readPathCertificate(new Uint8Array(leafDer))
      pool = intermediates.map((der) => this.#verified.find(der) ?? tryRead(der)).filter((candidate) => candidate !== undefined)
    } catch (error) {
      return refuse('certificate_invalid', (error as Error).message)
    }
    const { limits, purpose, policies, algorithms, strict } = this.#settings
    const material = { leaf, candidates: new CandidatePool(pool), anchors, maxDepth: limits.maxDepth }
    return searchPath<PathAccepted>(material, { purpose, policies, algorithms, strict, now }, new Budget(limits), (path) => this.#conclude(path))
  }

  /** Asks about revocation, which is last, since it may cost a round trip. */
  #conclude (path: readonly Certificate[]): PathVerdict | Promise<PathVerdict> {
    for (const intermediate of path.slice(1, -1)) this.#verified.add(intermediate)
    const { revocation, now } = this.#settings
    const accept = (answer: PathRevocation): PathVerdict => {
      if (!answer.valid) return answer
      const [leaf, ...above] = path.map(({ identity }) => identity) as [PeerIdentity, ...PeerIdentity[]]
      // What a soft policy let pass without knowing is asked again; what is good holds until its end.
      const until = answer.staleUntil === Infinity ? answer.revalidateAt : answer.staleUntil
      return Object.freeze({ valid: true, path: Object.freeze(above), anchor: above.at(-1) ?? leaf, until: Math.min(...path.map(endOf), until) })
    }
    const answer = checkRevocation(revocation === undefined ? [] : [revocation], path, now)
    return answer instanceof Promise ? answer.then(accept) : accept(answer)
  }
}

/** What cannot be read is no candidate. A copy: the caller may write to the bytes. */
function tryRead (der: Uint8Array): Certificate | undefined {
  try {
    return readPathCertificate(new Uint8Array(der))
  } catch {
    return undefined
  }
}
