import type { PeerIdentity } from '@peerkit/identity'
import { checkChain } from '@peerkit/revocation'
import type { ChainStatus } from '@peerkit/revocation'
import { BoundedMemory } from './bounded-memory.ts'
import { fingerprintOf, readPathCertificate } from './certificate/certificate.ts'
import type { Certificate } from './certificate/certificate.ts'
import { endOf } from './certificate/find-flaw.ts'
import { chainKey } from './chain-key.ts'
import { Budget } from './limits.ts'
import { readOptions } from './options.ts'
import type { PathValidatorOptions, Settings } from './options.ts'
import { findPaths } from './path/find-paths.ts'
import { judgePath, outOf } from './path/judge-path.ts'
import { refuse } from './refusal.ts'
import type { PathRefused } from './refusal.ts'
import { Trust } from './trust.ts'

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

/** CAs that are kept with their keys parsed: those alone that an anchor vouched for, so nobody else can fill it. */
const MAX_AUTHORITIES = 1000
/** How long an answer holds that a soft policy gave without knowing, in milliseconds. */
const UNKNOWN_FOR = 60_000

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
  readonly #trust: Trust
  readonly #authorities = new BoundedMemory<Certificate>(MAX_AUTHORITIES)
  readonly #accepted: BoundedMemory<PathAccepted>
  readonly #refused: BoundedMemory<{ readonly verdict: PathRefused, readonly until: number }>
  readonly #pending = new Map<string, Promise<PathVerdict>>()
  #generation: number

  constructor (settings: Settings) {
    this.#settings = settings
    this.#trust = new Trust(settings)
    this.#accepted = new BoundedMemory(settings.maxRemembered)
    this.#refused = new BoundedMemory(settings.maxRemembered)
    this.#generation = this.#trust.refresh()
  }

  get generation (): number {
    const generation = this.#trust.refresh()
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
    const known = this.#recall(key, now)
    if (known !== undefined) return known
    const answer = this.#search(leaf, intermediates, now)
    if (!(answer instanceof Promise)) return this.#remember(key, answer, generation)
    const pending = answer.then((verdict) => this.#remember(key, verdict, generation)).finally(() => {
      if (this.#pending.get(key) === pending) this.#pending.delete(key)
    })
    this.#pending.set(key, pending)
    return pending
  }

  #measure (leaf: Uint8Array, intermediates: readonly Uint8Array[]): PathRefused | undefined {
    if (!(leaf instanceof Uint8Array) || !Array.isArray(intermediates) || !intermediates.every((der) => der instanceof Uint8Array)) return refuse('certificate_invalid', 'expected the DER of a leaf and a list of the DER of intermediates')
    const { maxCertificates, maxBytes } = this.#settings.limits
    if (intermediates.length > maxCertificates) return refuse('too_large', `${intermediates.length} intermediates; at most ${maxCertificates}`)
    const size = intermediates.reduce((sum, { length }) => sum + length, leaf.length)
    return size > maxBytes ? refuse('too_large', `${size} octets of certificates; at most ${maxBytes}`) : undefined
  }

  #recall (key: string, now: number): PathVerdict | Promise<PathVerdict> | undefined {
    const accepted = this.#accepted.get(key)
    if (accepted !== undefined && now < accepted.until) return accepted
    const refused = this.#refused.get(key)
    if (refused !== undefined && now < refused.until) return refused.verdict
    return this.#pending.get(key)
  }

  /** An answer that took a while is kept only if the trust is still that which it was found under. */
  #remember (key: string, verdict: PathVerdict, generation: number): PathVerdict {
    if (this.generation !== generation) return verdict
    if (verdict.valid) this.#accepted.set(key, verdict)
    else this.#refused.set(key, { verdict, until: this.#settings.now() + this.#settings.refusedFor })
    return verdict
  }

  #search (leafDer: Uint8Array, intermediates: readonly Uint8Array[], now: number): PathVerdict | Promise<PathVerdict> {
    const { anchors } = this.#trust
    if (anchors === undefined) return refuse('anchors_invalid', 'the trust anchors in force cannot be read')
    let leaf: Certificate
    let pool: readonly Certificate[]
    try {
      leaf = readPathCertificate(leafDer)
      pool = intermediates.map((der) => this.#authorities.get(fingerprintOf(der)) ?? readPathCertificate(der))
    } catch (error) {
      return refuse('certificate_invalid', (error as Error).message)
    }
    const { limits, purpose, policies, strict } = this.#settings
    const budget = new Budget(limits)
    const paths = findPaths({ leaf, pool, anchors, maxDepth: limits.maxDepth }, budget)
    let best: PathRefused | undefined
    const next = (): PathVerdict | Promise<PathVerdict> => {
      // By hand: a loop would close the generator on its way out, and there may be a way back.
      for (let path = paths.next(); path.done !== true; path = paths.next()) {
        const answer = judgePath(path.value, { purpose, policies, strict, now }, budget) ?? this.#conclude(path.value, now)
        if (answer instanceof Promise) return answer.then(orNext)
        if (answer.valid) return answer
        best = preferred(best, answer)
      }
      if (budget.exhausted !== undefined) return outOf(budget)
      if (budget.tooDeep && (best === undefined || best.reason === 'signature_invalid')) return refuse('path_length', `more than ${limits.maxDepth} intermediates above ${String(leaf.identity)}`)
      return best ?? refuse('issuer_unknown', `no way from ${String(leaf.identity)}, issued by ${String(leaf.identity.issuer)}, to a trust anchor`)
    }
    const orNext = (answer: PathVerdict): PathVerdict | Promise<PathVerdict> => {
      if (answer.valid) return answer
      best = preferred(best, answer)
      return next()
    }
    return next()
  }

  /** Asks about revocation, which is last, since it may cost a round trip. */
  #conclude (path: readonly Certificate[], now: number): PathVerdict | Promise<PathVerdict> {
    for (const authority of path.slice(1, -1)) this.#authorities.set(authority.fingerprint, authority)
    const [leaf, ...above] = path.map(({ identity }) => identity) as [PeerIdentity, ...PeerIdentity[]]
    const ends = Math.min(...path.map(endOf))
    const accept = (until: number): PathAccepted => Object.freeze({ valid: true, path: Object.freeze(above), anchor: above.at(-1) ?? leaf, until: Math.min(ends, until) })
    const { revocation } = this.#settings
    if (revocation === undefined || above.length === 0) return accept(Infinity)
    const judge = (status: ChainStatus): PathVerdict => {
      if (status.permitted) return accept(status.state === 'good' ? status.until : now + UNKNOWN_FOR)
      if (status.state === 'revoked') return refuse('revoked', `${String(status.certificate)} is revoked${status.reason === undefined ? '' : `: ${status.reason}`}`)
      return refuse('revocation_unknown', `whether ${String(status.certificate)} is revoked is not known${status.state === 'unknown' ? `: ${status.why}` : ''}`)
    }
    const fail = (): PathVerdict => refuse('revocation_unknown', 'the revocation checker failed')
    try {
      const status = checkChain(revocation, leaf, { chain: above })
      return status instanceof Promise ? status.then(judge).catch(fail) : judge(status)
    } catch {
      return fail()
    }
  }
}

/** What is told of several paths: the first that failed by more than a signature, which names alone led to. */
function preferred (best: PathRefused | undefined, refusal: PathRefused): PathRefused {
  return best === undefined || best.reason === 'signature_invalid' ? refusal : best
}
