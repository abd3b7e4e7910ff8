/**
 * Why a peer is not allowed.
 *
 * - `no_identity`: there is no peer.
 * - `no_match`: no rule matches.
 * - `incomplete_identity`: no rule matches, and at least one depends on a value that is not known, or that the
 *   authority does not vouch for.
 * - `predicate_refused`: no rule matches, and every predicate returned `false`.
 * - `predicate_failed`: a predicate threw, rejected or did not return a boolean; see `error`.
 */
export type AuthorizationReason =
  | 'no_identity' | 'no_match' | 'incomplete_identity' | 'predicate_refused' | 'predicate_failed'

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

export const NO_IDENTITY: Refused = Object.freeze({ allowed: false, reason: 'no_identity' })
export const NO_MATCH: Refused = Object.freeze({ allowed: false, reason: 'no_match' })
export const INCOMPLETE_IDENTITY: Refused = Object.freeze({ allowed: false, reason: 'incomplete_identity' })
export const PREDICATE_REFUSED: Refused = Object.freeze({ allowed: false, reason: 'predicate_refused' })
