import crypto from 'node:crypto'
import type { PeerIdentity } from '@peerkit/identity'
import { isThenable, weighIdentity, whenSettled } from '@peerkit/identity/internal'
import { LRUCache } from 'lru-cache'
import { CertificateSet } from '../certificate/certificate-set.ts'
import { Certificate, tryReadCertificate } from '../certificate/certificate.ts'
import { endOf } from '../certificate/find-flaw.ts'
import { CertificateStore } from '../memory/certificate-store.ts'
import { PendingDecisions } from '../memory/pending-decisions.ts'
import { checkRevocation } from '../path/check-revocation.ts'
import type { PathRevocation } from '../path/check-revocation.ts'
import { Budget } from '../path/limits.ts'
import { searchPath } from '../path/search-path.ts'
import { CHANGED, refuse } from '../refusal.ts'
import type { PathRefused } from '../refusal.ts'
import { AnchorsInForce } from './anchors-in-force.ts'
import { readPathValidatorOptions } from './path-validator-options.ts'
import type { PathValidatorOptions, PathValidatorSettings } from './path-validator-options.ts'

/** The chain is valid. */
export interface PathAccepted {
  readonly valid: true
  /**
   * The verified certificates above the leaf, the anchor last, as in `PeerIdentity#chain`. Empty for a trusted leaf.
   */
  readonly path: readonly PeerIdentity[]
  /** The trust anchor at the end of the path. */
  readonly anchor: PeerIdentity
  /** When the first certificate of the path or the revocation answer expires. Milliseconds since the epoch. */
  readonly until: number
}

/** The result of `validate`. */
export type PathVerdict = PathAccepted | PathRefused

/** Validates certificate paths, see {@link createPathValidator}. */
export interface PathValidator {
  /** Changes whenever an earlier result may have become wrong: the anchors or the revocation data changed. */
  readonly generation: number
  /**
   * Decides whether a leaf chains up to an anchor, by RFC 5280 section 6. Never throws because of what the certificates
   * contain.
   *
   * @param leaf DER
   * @param intermediates DER, in any order; unrelated certificates are ignored
   * @returns the verdict; a promise only if the revocation checker answers later
   */
  validate (leaf: Uint8Array, intermediates: readonly Uint8Array[]): PathVerdict | Promise<PathVerdict>
}

/** How often a validation is repeated if the anchors or the revocation data changed meanwhile. */
const MAX_ATTEMPTS = 3
/** Verified intermediates that are kept with their parsed keys. */
const MAX_INTERMEDIATES = 1_000

/**
 * Creates a validator of certificate paths against your own trust anchors, for certificates that TLS has not validated,
 * such as forwarded ones. For several authorities and bounds on names, see `createTrustEvaluator`.
 *
 * Results are cached by the SHA-256 of leaf and intermediates, until they expire or the anchors or the revocation data
 * change. A refusal is cached for at most `negativeTtl`.
 *
 * @param options see {@link PathValidatorOptions}
 * @returns the validator
 * @throws PathOptionError if an option is invalid
 * @throws PathAnchorsError if there are no anchors, or one cannot be read
 * @example
 * ```ts
 * const validator = createPathValidator({ anchors: () => [ca.der] })
 * const verdict = await validator.validate(client.der, [])
 * if (verdict.valid) console.log(String(verdict.anchor), new Date(verdict.until))
 * else console.error(verdict.reason, verdict.detail)
 * ```
 */
export function createPathValidator (options: PathValidatorOptions): PathValidator {
  return new Validator(readPathValidatorOptions(options))
}

class Validator implements PathValidator {
  readonly #settings: PathValidatorSettings
  readonly #inForce: AnchorsInForce
  readonly #verified = new CertificateStore(MAX_INTERMEDIATES)
  readonly #accepted: LRUCache<string, PathAccepted>
  readonly #refused: LRUCache<string, { readonly verdict: PathRefused, readonly until: number }>
  readonly #pending: PendingDecisions<PathVerdict> = new PendingDecisions()
  #generation: number

  constructor (settings: PathValidatorSettings) {
    this.#settings = settings
    this.#inForce = new AnchorsInForce(settings)
    this.#accepted = new LRUCache({
      max: Math.max(1, settings.cacheSize), maxSize: settings.cacheBytes, sizeCalculation: weigh
    })
    this.#refused = new LRUCache({ max: Math.max(1, settings.cacheSize) })
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
    if (!isThenable(answer)) return this.#remember(key, answer, generation)
    // Copies: the caller may write to the bytes before the answer arrives.
    const [ownLeaf, own] = [new Uint8Array(leaf), intermediates.map((der) => new Uint8Array(der))] as const
    const checked = answer.then((verdict) => this.#recheck(ownLeaf, own, key, verdict, generation, 1))
    return this.#pending.add(ownLeaf, own, false, checked, now)
  }

  /** Validates again if the anchors or the revocation data changed while waiting for the answer. */
  async #recheck (
    leaf: Uint8Array, intermediates: readonly Uint8Array[], key: string, verdict: PathVerdict, generation: number,
    attempt: number
  ): Promise<PathVerdict> {
    const current = this.generation
    if (current === generation) return this.#remember(key, verdict, generation)
    if (attempt >= MAX_ATTEMPTS) return refuse('revocation_unknown', CHANGED)
    const next = await this.#search(leaf, intermediates, this.#settings.now())
    return await this.#recheck(leaf, intermediates, key, next, current, attempt + 1)
  }

  #measure (leaf: Uint8Array, intermediates: readonly Uint8Array[]): PathRefused | undefined {
    if (![leaf, ...Array.isArray(intermediates) ? intermediates : [null]].every((der) => der instanceof Uint8Array)) {
      return refuse('unreadable', 'expected the DER of a leaf and a list of the DER of intermediates')
    }
    const { maxCertificates, maxBytes } = this.#settings.limits
    if (intermediates.length > maxCertificates) {
      return refuse('too_large', `${intermediates.length} intermediates; at most ${maxCertificates}`)
    }
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
    if (this.generation !== generation || this.#settings.cacheSize === 0) return verdict
    if (verdict.valid) this.#accepted.set(key, verdict)
    else this.#refused.set(key, { verdict, until: this.#settings.now() + this.#settings.negativeTtl })
    return verdict
  }

  #search (leafDer: Uint8Array, intermediates: readonly Uint8Array[], now: number): PathVerdict | Promise<PathVerdict> {
    const { anchors } = this.#inForce
    if (anchors === undefined) {
      return refuse('anchors_invalid', `the trust anchors cannot be read: ${this.#inForce.failure}`)
    }
    let leaf: Certificate
    let pool: readonly Certificate[]
    try {
      // Copies, because the caller may write to the bytes.
      leaf = new Certificate(new Uint8Array(leafDer))
      pool = intermediates.flatMap((der) => this.#verified.find(der) ?? tryReadCertificate(new Uint8Array(der)) ?? [])
    } catch (error) {
      return refuse('unreadable', (error as Error).message)
    }
    const { limits, purpose, policies, algorithms, strict } = this.#settings
    const material = { leaf, candidates: new CertificateSet(pool), anchors, maxDepth: limits.maxDepth }
    const rules = { purpose, policies, algorithms, strict, now }
    return searchPath<PathAccepted>(material, rules, new Budget(limits), (path) => this.#conclude(path))
  }

  /** Checks revocation. It comes last because it may cost a round trip. */
  #conclude (path: readonly Certificate[]): PathVerdict | Promise<PathVerdict> {
    for (const intermediate of path.slice(1, -1)) this.#verified.add(intermediate)
    const { revocation, now } = this.#settings
    const accept = (answer: PathRevocation): PathVerdict => {
      if (!answer.valid) return answer
      const [leaf, ...above] = path.map(({ identity }) => identity) as [PeerIdentity, ...PeerIdentity[]]
      // An unknown status that a soft policy permits is checked again soon. A good answer counts until it expires.
      const answered = answer.staleUntil === Infinity ? answer.revalidateAt : answer.staleUntil
      const until = Math.min(...path.map(endOf), answered)
      return Object.freeze({ valid: true, path: Object.freeze(above), anchor: above.at(-1) ?? leaf, until })
    }
    return whenSettled(checkRevocation(revocation === undefined ? [] : [revocation], path, now), accept)
  }
}

/** Bytes of an acceptance beside its certificates. */
const ACCEPTANCE_WEIGHT = 600

/** How much memory an acceptance keeps in use. Its intermediates count, although others may share them. */
function weigh ({ path }: PathAccepted): number {
  return path.slice(0, -1).reduce((sum, identity) => sum + weighIdentity(identity), ACCEPTANCE_WEIGHT)
}

/**
 * The SHA-256 of a leaf and the certificates sent with it. Each is preceded by its length, so that the same octets
 * split in another way have another key. The result is a latin1 string, which is the shortest.
 */
export function chainKey (leaf: Uint8Array, intermediates: readonly Uint8Array[]): string {
  let size = 4 + leaf.length
  for (const { length } of intermediates) size += 4 + length
  const joined = Buffer.allocUnsafe(size)
  let at = append(joined, leaf, 0)
  for (const certificate of intermediates) at = append(joined, certificate, at)
  return crypto.hash('sha256', joined, 'binary')
}

function append (joined: Buffer, octets: Uint8Array, at: number): number {
  joined.writeUInt32BE(octets.length, at)
  joined.set(octets, at + 4)
  return at + 4 + octets.length
}
