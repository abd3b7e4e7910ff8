import type { Condition } from './condition.ts'
import type { Predicate } from './allow-rule.ts'
import type { RuleKey } from './rule-keys.ts'
import type { RulePath } from './rule-path.ts'

/** One key of a checked rule: its conditions, and what is needed to describe it. */
export interface ParsedKey {
  readonly key: RuleKey
  /** The key as spelt in the rule. */
  readonly spelling: string
  /** A copy of the values as written, always a list. */
  readonly values: readonly unknown[]
  /** All of them must hold. */
  readonly conditions: readonly Condition[]
  /** For `via` and `not`: the nested rules. */
  readonly rules: readonly ParsedRule[] | undefined
}

/** What is doubtful about a rule, given the authorities. */
export interface AuthorityFindings {
  /** Two authorities whose peers may both match. */
  readonly rivals: readonly [string, string] | undefined
  /** The first few authorities that vouch for the keys, but not for the names in `not`, so that no peer matches. */
  readonly neverMatched: readonly string[]
}

/** A checked rule. */
export interface ParsedRule {
  readonly path: RulePath
  readonly keys: readonly ParsedKey[]
  /** Undefined if the rule was not checked against authorities. */
  readonly findings: AuthorityFindings | undefined
}

/** One entry of a checked rule set. */
export type ParsedEntry =
  | { readonly kind: 'rule', readonly rule: ParsedRule }
  | { readonly kind: 'group', readonly name: string, readonly path: RulePath }
  | { readonly kind: 'predicate', readonly predicate: Predicate<any>, readonly path: RulePath }
