import type { Condition } from './condition.ts'
import type { Predicate } from './allow-rule.ts'
import type { RuleKey } from './rule-keys.ts'
import type { RulePath } from './rule-path.ts'

/** One key of a checked rule: what it asks, and what is needed to tell a human. */
export interface ParsedKey {
  readonly key: RuleKey
  /** As the rule spells it; its path is the rule's and this. */
  readonly spelling: string
  /** The values as written, always a list. Our own copy. */
  readonly values: readonly unknown[]
  /** All of them must hold. */
  readonly conditions: readonly Condition[]
  /** Of `via` and `not`: the rules within. */
  readonly rules: readonly ParsedRule[] | undefined
}

/** How a rule stands to the authorities. */
export interface AuthorityFindings {
  /** Two authorities that may both vouch for whom the rule means. */
  readonly rivals: readonly [string, string] | undefined
  /** The first few authorities whose peers have what the keys ask, but never pass `not`, which asks for other kinds. */
  readonly neverMatched: readonly string[]
}

/** A checked rule. */
export interface ParsedRule {
  readonly path: RulePath
  readonly keys: readonly ParsedKey[]
  /** Where it was checked against authorities. */
  readonly findings: AuthorityFindings | undefined
}

/** One entry of a checked rule set. */
export type ParsedEntry =
  | { readonly kind: 'rule', readonly rule: ParsedRule }
  | { readonly kind: 'group', readonly name: string, readonly path: RulePath }
  | { readonly kind: 'predicate', readonly predicate: Predicate<any>, readonly path: RulePath }
