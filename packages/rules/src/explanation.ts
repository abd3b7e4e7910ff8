import type { Verdict } from './verdict.ts'

/** Why one key of a rule did not hold. */
export interface FailedKey {
  /** As the rule spells it. */
  readonly key: string
  /** Where it stands, for example `config.allowedClients[1].issuer`. */
  readonly path: string
  /** `unknown`: the identity does not say, or is not believed, so neither the key nor its negation holds. */
  readonly result: 'mismatch' | 'unknown'
  /** What the rule asks, the first five values. */
  readonly expected: readonly string[]
  /** How many values there are in all. */
  readonly expectedCount: number
  /** What the certificate has, at most ten values; `undefined` where the identity does not say. */
  readonly found: readonly string[] | undefined
  /** Whether `found` is only a claim of the certificate, which its authority does not vouch for; no rule reads it. */
  readonly isClaim: boolean
  /** What is probably wrong, where that can be told. */
  readonly note: string | undefined
  /** For `via` the closest rule for the gateway, for `not` the rule that matched. */
  readonly within: RuleExplanation | undefined
}

/** What one rule says of the peer. */
export interface RuleExplanation {
  /** The index in the rule set of the entry that brought the rule. */
  readonly rule: number
  /** The group that the entry names. */
  readonly group: string | undefined
  /** Where the rule stands. */
  readonly path: string
  readonly result: 'match' | 'mismatch' | 'unknown'
  /** Keys that hold, as spelt. */
  readonly matched: readonly string[]
  readonly failed: readonly FailedKey[]
}

/** Why a peer is allowed or not. Names rules and what certificates hold: for logs and operators, never for the client. */
export interface Explanation {
  /** What the rules alone say. With predicates and no match `reason` is `no_match` or `incomplete_identity`, and `predicates` tells how many were not asked. */
  readonly verdict: Verdict
  /** The peer, as its `toString()`. */
  readonly peer: string | undefined
  readonly predicates: number
  /** The rule that matched, or came closest: the greatest share of its keys hold. */
  readonly closest: RuleExplanation | undefined
  /** The ten closest rules, `closest` first. */
  readonly rules: readonly RuleExplanation[]
  /** Several lines for humans. */
  toString (): string
}
