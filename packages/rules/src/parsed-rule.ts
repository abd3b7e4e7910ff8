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

/** A checked rule. */
export interface ParsedRule {
  readonly path: RulePath
  readonly keys: readonly ParsedKey[]
}

/** One entry of a checked rule set. */
export type ParsedEntry =
  | { readonly kind: 'rule', readonly rule: ParsedRule }
  | { readonly kind: 'group', readonly name: string, readonly path: RulePath }
  | { readonly kind: 'predicate', readonly predicate: Predicate<any>, readonly path: RulePath }
