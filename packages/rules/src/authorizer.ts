import type { PeerIdentity } from '@peerkit/identity'
import { isThenable } from '@peerkit/identity/internal'
import type { FlatRules, Origin } from './compile-groups.ts'
import { PredicateResultError } from './errors.ts'
import { describeRules } from './explain/describe-rules.ts'
import { explainRules } from './explain/explain-rules.ts'
import type { Predicate } from './language/allow-rule.ts'
import { listWarnings } from './lint/warnings.ts'
import { PeerValues } from './match/condition.ts'
import { Matcher, UNDECIDED } from './match/matcher.ts'
import { listClauses } from './match/nested-conditions.ts'
import { INCOMPLETE_IDENTITY, NO_IDENTITY, NO_MATCH, PREDICATE_REFUSED } from './verdict.ts'
import type { Allowed, Explanation, Refused, Verdict } from './verdict.ts'

/** A compiled rule set. It is frozen and has no state, so that all connections can share it. */
export interface Authorizer {
  /**
   * Whether the rule set has predicates. If so, `authorize` may return a promise, and a verdict may depend on the
   * request, so it must not be cached for the connection. Without predicates the verdict is synchronous and depends on
   * the identity alone.
   */
  readonly isAsync: boolean
  /**
   * Decides whether a peer is authorized: by the rules first, then by the predicates in order. Never throws or rejects
   * because of a predicate.
   *
   * @param peer the identity of the peer; without one the verdict is `no_identity`
   * @param request passed to the predicates unchanged
   * @returns the verdict; a promise only if a predicate returned one
   */
  authorize (peer: PeerIdentity | undefined | null, request?: unknown): Verdict | Promise<Verdict>
  /** Explains the verdict on a peer. Predicates are not called. For logs and operators, never for the client. */
  explain (peer: PeerIdentity | undefined | null): Explanation
  /** Rules that probably allow more, or less, than was meant. At most 20, and a count of the rest. */
  readonly warnings: readonly string[]
  /** Who is allowed, as text for humans: one line per rule, at most 50. */
  describe (): string
  /** The number of rules and predicates, including those of groups. */
  readonly size: number
}

/** An index of rules, and the verdict of each by its ordinal. */
interface Part {
  readonly matcher: Matcher
  verdict (ordinal: number): Allowed
}

/** The authorizer of a checked rule set. */
export class RuleAuthorizer implements Authorizer {
  readonly isAsync: boolean
  readonly size: number
  readonly warnings: readonly string[]
  readonly #flat: FlatRules
  readonly #parts: readonly Part[]
  readonly #asked: readonly Asked[]

  constructor (flat: FlatRules) {
    this.#flat = flat
    this.#parts = listParts(flat)
    this.#asked = flat.predicates.map(({ predicate, path, origin }) => {
      return { predicate, path: path.toString(), verdict: allow(origin) }
    })
    this.isAsync = flat.predicates.length > 0
    const shared = flat.shared.reduce((sum, { definition }) => sum + definition.rules.length, 0)
    this.size = flat.rules.length + flat.predicates.length + shared
    this.warnings = Object.freeze(listWarnings(flat))
    Object.freeze(this)
  }

  authorize (peer: PeerIdentity | undefined | null, request?: unknown): Verdict | Promise<Verdict> {
    const verdict = this.#matchRules(peer)
    if (this.#asked.length === 0 || verdict.allowed || verdict === NO_IDENTITY) return verdict
    const refused = verdict === INCOMPLETE_IDENTITY ? INCOMPLETE_IDENTITY : PREDICATE_REFUSED
    return askPredicates(this.#asked, peer as PeerIdentity, request, refused)
  }

  /** The verdict of the rules, without the predicates. */
  #matchRules (peer: PeerIdentity | undefined | null): Verdict {
    if (typeof peer !== 'object' || peer === null) return NO_IDENTITY
    const peerValues = new PeerValues(peer)
    let allowed: Allowed | undefined
    let undecided = false
    for (const part of this.#parts) {
      const found = part.matcher.find(peerValues)
      if (found >= 0) {
        const verdict = part.verdict(found)
        if (allowed === undefined || verdict.rule < allowed.rule) allowed = verdict
      } else if (found === UNDECIDED) undecided = true
    }
    return allowed ?? (undecided ? INCOMPLETE_IDENTITY : NO_MATCH)
  }

  explain (peer: PeerIdentity | undefined | null): Explanation {
    return explainRules(this.#flat, peer, this.#matchRules(peer))
  }

  describe (): string {
    return describeRules(this.#flat)
  }
}

function listParts ({ rules, shared }: FlatRules): readonly Part[] {
  const parts: Part[] = shared.map(({ definition, origin }) => {
    const verdict = allow(origin)
    return { matcher: definition.matcher, verdict: () => verdict }
  })
  if (rules.length === 0) return parts
  const verdicts = rules.map(({ origin }) => allow(origin))
  const matcher = new Matcher(rules.flatMap(({ rule }, ordinal) => listClauses(rule, ordinal)))
  return [{ matcher, verdict: (ordinal) => verdicts[ordinal] as Allowed }, ...parts]
}

function allow ({ index, group }: Origin): Allowed {
  return Object.freeze({ allowed: true, rule: index, group })
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
