import type { PeerIdentity } from '@peerkit/identity'
import { isThenable } from '@peerkit/identity/internal'
import { countRules } from './flat-rules.ts'
import type { FlatRules } from './flat-rules.ts'
import { PredicateResultError } from './errors.ts'
import { Dependencies } from './dependencies.ts'
import { describeRules } from './explain/describe-rules.ts'
import { explainRules } from './explain/explain-rules.ts'
import type { Predicate } from './language/allow-rule.ts'
import type { ReadRequestValue, RequestUse } from './language/request-value.ts'
import type { TemporaryRule } from './language/rule-period.ts'
import { listWarnings } from './lint/list-warnings.ts'
import { Circumstances } from './match/circumstances.ts'
import { PeerValues } from './match/condition.ts'
import { Matcher, NONE, UNDECIDED } from './match/matcher.ts'
import { listClauses } from './match/nested-conditions.ts'
import { decidePacked } from './packed/packed-decision.ts'
import type { AskedSets } from './packed/packed-decision.ts'
import type { PackedStore } from './packed/packed-store.ts'
import {
  INCOMPLETE_IDENTITY, INCOMPLETE_REQUEST, NO_IDENTITY, NO_MATCH, PREDICATE_REFUSED, allow
} from './verdict.ts'
import type { Allowed, Explanation, Refused, Verdict } from './verdict.ts'

/** A compiled rule set. It is frozen and has no state, so that all connections can share it. */
export interface Authorizer {
  /**
   * Whether the rule set has predicates. If so, `authorize` may return a promise. Without predicates the verdict is
   * synchronous.
   */
  readonly isAsync: boolean
  /**
   * Whether a verdict may depend on the request: there are predicates, or values of the request in rules. Such a
   * verdict must not be cached. Otherwise it depends on the identity and on the time alone, see `temporary`.
   */
  readonly usesRequest: boolean
  /** The values of the request that rules name, also within `via` and `not`. */
  readonly requestValues: readonly RequestUse[]
  /**
   * The rules that hold for a time, with the moments at which they begin and end. Between two of these moments verdicts
   * do not change by themselves, so they may be cached. Empty if all rules hold at any time.
   */
  readonly temporary: readonly TemporaryRule[]
  /** The moments at which one of them begins or ends, in milliseconds since the epoch, ascending. */
  readonly moments: readonly number[]
  /**
   * Decides whether a peer is authorized: by the rules first, then by the predicates in order. Never throws or rejects
   * because of a predicate.
   *
   * @param peer the identity of the peer; without one the verdict is `no_identity`
   * @param request passed to the predicates and to the option `requestValue` unchanged. Without a request, a rule that
   *   takes a value from it does not match
   * @returns the verdict; a promise only if a predicate returned one
   */
  authorize (peer: PeerIdentity | undefined | null, request?: unknown): Verdict | Promise<Verdict>
  /**
   * Explains the verdict on a peer. Predicates are not called. For logs and operators, never for the client.
   *
   * @param peer the identity of the peer
   * @param request as for `authorize`
   */
  explain (peer: PeerIdentity | undefined | null, request?: unknown): Explanation
  /** Rules that probably allow more, or less, than was meant. At most 20, and a count of the rest. */
  readonly warnings: readonly string[]
  /** Who is allowed, as text for humans: one line per rule, at most 50. */
  describe (): string
  /** The number of rules and predicates, including those of groups. */
  readonly size: number
}

/** Rules that are asked together. */
interface Part {
  /** The verdict of the first that matches; otherwise `NONE` or `UNDECIDED`. */
  find (peerValues: PeerValues): Allowed | typeof NONE | typeof UNDECIDED
}

/** What the verdicts of an authorizer depend on besides the identity. */
export interface AuthorizerContext {
  /** Undefined if there are no requests. */
  readonly requestValue: ReadRequestValue | undefined
  /** Returns milliseconds since the epoch. */
  readonly now: () => number
}

/** The authorizer of a checked rule set. */
export class RuleAuthorizer implements Authorizer {
  readonly isAsync: boolean
  readonly usesRequest: boolean
  readonly size: number
  readonly warnings: readonly string[]
  readonly #flat: FlatRules
  readonly #dependencies: Dependencies
  readonly #context: AuthorizerContext
  readonly #parts: readonly Part[]
  readonly #asked: readonly Asked[]

  constructor (flat: FlatRules, context: AuthorizerContext) {
    this.#flat = flat
    this.#context = context
    this.#parts = listParts(flat)
    this.#asked = flat.predicates.map(({ predicate, path, origin }) => {
      return { predicate, path: path.toString(), verdict: allow(origin) }
    })
    this.#dependencies = new Dependencies(flat)
    this.isAsync = flat.predicates.length > 0
    this.usesRequest = this.isAsync || this.requestValues.length > 0
    this.size = countRules(flat)
    this.warnings = Object.freeze(listWarnings(flat, context.now()))
    Object.freeze(this)
  }

  get requestValues (): readonly RequestUse[] { return this.#dependencies.requestValues }

  get temporary (): readonly TemporaryRule[] { return this.#dependencies.temporary }

  get moments (): readonly number[] { return this.#dependencies.moments }

  authorize (peer: PeerIdentity | undefined | null, request?: unknown): Verdict | Promise<Verdict> {
    const verdict = this.#matchRules(peer, this.#circumstancesOf(request))
    if (this.#asked.length === 0 || verdict.allowed || verdict === NO_IDENTITY) return verdict
    const refused = verdict === NO_MATCH ? PREDICATE_REFUSED : verdict
    return askPredicates(this.#asked, peer as PeerIdentity, request, refused)
  }

  /** The verdict of the rules, without the predicates. */
  #matchRules (peer: PeerIdentity | undefined | null, circumstances: Circumstances): Verdict {
    if (typeof peer !== 'object' || peer === null) return NO_IDENTITY
    const peerValues = new PeerValues(peer, circumstances)
    let allowed: Allowed | undefined
    let undecided = false
    for (const part of this.#parts) {
      const found = part.find(peerValues)
      if (found === UNDECIDED) undecided = true
      else if (found !== NONE && (allowed === undefined || found.rule < allowed.rule)) allowed = found
    }
    if (allowed !== undefined) return allowed
    return !undecided ? NO_MATCH : circumstances.isRequestIncomplete ? INCOMPLETE_REQUEST : INCOMPLETE_IDENTITY
  }

  #circumstancesOf (request: unknown): Circumstances {
    const { requestValue, now } = this.#context
    return new Circumstances(request, requestValue, now)
  }

  explain (peer: PeerIdentity | undefined | null, request?: unknown): Explanation {
    const circumstances = this.#circumstancesOf(request)
    return explainRules(this.#flat, peer, this.#matchRules(peer, circumstances), circumstances)
  }

  describe (): string {
    return describeRules(this.#flat)
  }
}

function listParts ({ rules, packed }: FlatRules): readonly Part[] {
  const stores = new Map<PackedStore, Map<number, Allowed | undefined>>()
  for (const { set: { store, number }, origin } of packed) {
    const asked = stores.get(store) ?? new Map<number, Allowed | undefined>()
    stores.set(store, asked.set(number, origin && allow(origin)))
  }
  const parts = [...stores].map(([store, asked]) => packedPart(store, asked))
  return rules.length === 0 ? parts : [ruleMatcher(rules), ...parts]
}

function ruleMatcher (rules: FlatRules['rules']): Part {
  const verdicts = rules.map(({ origin }) => allow(origin))
  const matcher = new Matcher(rules.flatMap(({ rule }, ordinal) => listClauses(rule, ordinal)))
  return {
    find (peerValues) {
      const found = matcher.find(peerValues)
      return found >= 0 ? verdicts[found] as Allowed : found as typeof NONE | typeof UNDECIDED
    }
  }
}

function packedPart (store: PackedStore, asked: AskedSets): Part {
  return {
    find (peerValues) {
      const { allowed, isOpen } = decidePacked(store, asked, peerValues)
      return allowed ?? (isOpen ? UNDECIDED : NONE)
    }
  }
}

/** A predicate, and the verdict if it returns true. */
interface Asked {
  readonly predicate: Predicate<any>
  readonly path: string
  readonly verdict: Allowed
}

/**
 * Calls predicates in order until one returns `true`. If one throws, rejects or does not return a boolean, the peer is
 * refused and later ones are not called: a broken check must not be skipped.
 *
 * @param refused the verdict if all return `false`
 */
function askPredicates (
  asked: readonly Asked[], peer: PeerIdentity, request: unknown, refused: Refused
): Verdict | Promise<Verdict> {
  for (const [index, { predicate, path, verdict }] of asked.entries()) {
    try {
      const answer: unknown = predicate(peer, request)
      if (isThenable(answer)) return awaitAnswer(answer, asked.slice(index), peer, request, refused)
      if (answer === true) return verdict
      if (answer !== false) return refuseAnswer(path, answer)
    } catch (error) {
      return refuseFailure(error)
    }
  }
  return refused
}

async function awaitAnswer (
  promise: PromiseLike<unknown>, [first, ...others]: readonly Asked[], peer: PeerIdentity, request: unknown,
  refused: Refused
): Promise<Verdict> {
  const { path, verdict } = first as Asked
  try {
    const answer = await promise
    if (answer === true) return verdict
    if (answer !== false) return refuseAnswer(path, answer)
  } catch (error) {
    return refuseFailure(error)
  }
  return askPredicates(others, peer, request, refused)
}

function refuseAnswer (path: string, answer: unknown): Refused {
  return refuseFailure(new PredicateResultError(path, answer))
}

function refuseFailure (error: unknown): Refused {
  return Object.freeze({ allowed: false, reason: 'predicate_failed', error })
}
