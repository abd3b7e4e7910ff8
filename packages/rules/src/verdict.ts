/**
 * Why a peer is not allowed.
 *
 * - `no_identity`: there is no peer.
 * - `no_match`: no rule matches.
 * - `incomplete_identity`: no rule matches, and at least one depends on a value that is not known, or that the
 *   authority does not vouch for.
 * - `incomplete_request`: no rule matches, and at least one depends on a value that the request does not have exactly
 *   once, or that is invalid.
 * - `predicate_refused`: no rule matches, and every predicate returned `false`.
 * - `predicate_failed`: a predicate threw, rejected or did not return a boolean; see `error`.
 */
export type AuthorizationReason =
  | 'no_identity' | 'no_match' | 'incomplete_identity' | 'incomplete_request' | 'predicate_refused' | 'predicate_failed'

/** The peer is allowed. */
export interface Allowed {
  readonly allowed: true
  /** The index of the first rule that matches. */
  readonly rule: number
  /** The name of the group at that index, if it is one. */
  readonly group: string | undefined
}

/** The peer is not allowed. */
export interface Refused {
  readonly allowed: false
  readonly reason: AuthorizationReason
  /** With `predicate_failed`: what the predicate threw, or a `PredicateResultError`. */
  readonly error?: unknown
}

/** The result of `authorize`. It is frozen. */
export type Verdict = Allowed | Refused

/** The verdict of the entry that allows a peer. */
export function allow ({ index, group }: { readonly index: number, readonly group: string | undefined }): Allowed {
  return Object.freeze({ allowed: true, rule: index, group })
}

export const NO_IDENTITY: Refused = Object.freeze({ allowed: false, reason: 'no_identity' })
export const NO_MATCH: Refused = Object.freeze({ allowed: false, reason: 'no_match' })
export const INCOMPLETE_IDENTITY: Refused = Object.freeze({ allowed: false, reason: 'incomplete_identity' })
export const INCOMPLETE_REQUEST: Refused = Object.freeze({ allowed: false, reason: 'incomplete_request' })
export const PREDICATE_REFUSED: Refused = Object.freeze({ allowed: false, reason: 'predicate_refused' })

/** What a request has for a value that a rule takes from it. */
export interface RequestFinding {
  readonly source: 'param' | 'query' | 'header'
  /** The name of the parameter, or of the header in lower case. */
  readonly name: string
  /** Every value that the request has, at most five. Rules match only if there is exactly one. */
  readonly values: readonly string[]
}

/** Why one key of a rule did not match. */
export interface FailedKey {
  /** The key, as spelt in the rule. */
  readonly key: string
  /** Its path, for example `config.allowedClients[1].issuer`. */
  readonly path: string
  /** `unknown`: the value is not known, or not believed, so neither the key nor its negation matches. */
  readonly result: 'mismatch' | 'unknown'
  /** The values in the rule, at most five. */
  readonly expected: readonly string[]
  /** The number of values in the rule. */
  readonly expectedCount: number
  /**
   * The values in the certificate, at most ten; `undefined` if they are not known. For `validFrom` and `validUntil`:
   * the time.
   */
  readonly found: readonly string[] | undefined
  /** Whether `found` is a claim that the authority does not vouch for. Rules do not match against it. */
  readonly isClaim: boolean
  /** What the request has for the values that the key takes from it. Absent if it takes none. */
  readonly asked?: readonly RequestFinding[]
  /** The probable mistake, if there is a likely one. */
  readonly note: string | undefined
  /** For `via`: the closest rule for the gateway. For `not`: the rule that matched. */
  readonly within: RuleExplanation | undefined
}

/** The result of one rule for the peer. */
export interface RuleExplanation {
  /** The index of the rule, or of the group that contains it, in the rule set. */
  readonly rule: number
  /** The group that the rule set names at this index. */
  readonly group: string | undefined
  /** The path of the rule, for example `config.allowedClients[1]`. */
  readonly path: string
  /** `unknown`: the rule might match if more was known. */
  readonly result: 'match' | 'mismatch' | 'unknown'
  /** The keys that match, as spelt in the rule. */
  readonly matched: readonly string[]
  /** The keys that do not match. */
  readonly failed: readonly FailedKey[]
}

/** Why a peer is allowed or not. It shows rules and certificate values: for operators, never for the client. */
export interface Explanation {
  /**
   * The verdict of the rules alone: `no_match`, `incomplete_identity` or `incomplete_request` if a predicate would have
   * to decide.
   */
  readonly verdict: Verdict
  /** The peer, as its `toString()`. */
  readonly peer: string | undefined
  /**
   * Given if the certificate of the peer has expired, or is not valid yet. Rules do not look at its dates, so they may
   * allow it. A handshake refuses it before any rule is asked.
   */
  readonly validity?: 'expired' | 'not_yet_valid'
  /** The number of predicates, which were not called. */
  readonly predicates: number
  /** The rule that matched, or the one with the greatest share of matching keys. */
  readonly closest: RuleExplanation | undefined
  /** The ten closest rules, `closest` first. */
  readonly rules: readonly RuleExplanation[]
  /** Several lines of text for humans. */
  toString (): string
}
