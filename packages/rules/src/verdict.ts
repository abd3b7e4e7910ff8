/**
 * Why no rule allowed the peer.
 *
 * - `no_identity`: there is no peer to judge.
 * - `no_match`: no rule matched.
 * - `incomplete_identity`: no rule matched, and at least one would depend on what the identity does not say, or on
 *   what its authority does not vouch for.
 * - `predicate_refused`: no rule matched, and every predicate said `false`.
 * - `predicate_failed`: a predicate threw, rejected or answered no boolean; `error` holds what it threw.
 */
export type RefusalReason = 'no_identity' | 'no_match' | 'incomplete_identity' | 'predicate_refused' | 'predicate_failed'

/** Allowed by the rule at index `rule` of the set, the first of those that match; `group` is the group's name where that entry names one. */
export interface Allowed {
  readonly allowed: true
  readonly rule: number
  readonly group: string | undefined
}

/** Not allowed. */
export interface Refused {
  readonly allowed: false
  readonly reason: RefusalReason
  readonly error?: unknown
}

/** The answer of an `Authorizer`, frozen. */
export type Verdict = Allowed | Refused

export const NO_IDENTITY: Refused = Object.freeze({ allowed: false, reason: 'no_identity' })
export const NO_MATCH: Refused = Object.freeze({ allowed: false, reason: 'no_match' })
export const INCOMPLETE_IDENTITY: Refused = Object.freeze({ allowed: false, reason: 'incomplete_identity' })
export const PREDICATE_REFUSED: Refused = Object.freeze({ allowed: false, reason: 'predicate_refused' })
