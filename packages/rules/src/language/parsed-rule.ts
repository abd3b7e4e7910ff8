import { AnyOfValues } from '../match/any-of-values.ts'
import { BoundCondition } from '../match/bound-condition.ts'
import type { Condition } from '../match/condition.ts'
import type { Predicate } from './allow-rule.ts'
import type { Binding } from './request-value.ts'
import { isRequestValue } from './request-value.ts'
import type { RuleKey } from './rule-keys.ts'
import type { Period } from './rule-period.ts'
import { refuseRule } from './rule-path.ts'
import type { RulePath } from './rule-path.ts'
import type { FieldValue } from './values/field-value.ts'

/** One key of a checked rule: its conditions, and what is needed to describe it. */
export interface ParsedKey {
  readonly key: RuleKey
  /** The key as spelt in the rule. */
  readonly spelling: string
  /** A copy of the values as written, always a list. */
  readonly values: readonly unknown[]
  /** How many values or nested rules there are, if not all of them are listed. */
  readonly count?: number
  /** All of them must hold. */
  readonly conditions: readonly Condition[]
  /** For `via` and `not`: the nested rules. */
  readonly rules: readonly ParsedRule[] | undefined
}

/** What is doubtful about a rule, given the authorities. */
export interface AuthorityFindings {
  /** Two authorities whose peers may both match. */
  readonly rivals: readonly [string, string] | undefined
  /** Whether no authority vouches for the rule yet, but one may be added that does. */
  readonly isAwaited: boolean
  /** The first few authorities that vouch for the keys, but not for the names in `not`, so that no peer matches. */
  readonly neverMatched: readonly string[]
}

/** What a rule depends on besides the certificate. */
export interface RuleDependencies {
  /** The values of the request that it names, also within `via` and `not`. */
  readonly bindings: readonly Binding[]
  /** Undefined if it holds at any time. */
  readonly period: Period | undefined
}

/** A checked rule. */
export interface ParsedRule {
  readonly path: RulePath
  readonly keys: readonly ParsedKey[]
  /** Undefined if the rule was not checked against authorities. */
  readonly findings: AuthorityFindings | undefined
  /** Undefined if it depends on the certificate alone, and for a rule within another. */
  readonly dependencies: RuleDependencies | undefined
}

/** One entry of a checked rule set. */
export type ParsedEntry =
  | { readonly kind: 'rule', readonly rule: ParsedRule }
  | { readonly kind: 'group', readonly name: string, readonly path: RulePath }
  | { readonly kind: 'predicate', readonly predicate: Predicate<any>, readonly path: RulePath }

/** Refuses a rule whose keys exclude each other: it would never allow anyone. @throws RuleInvalidError */
export function refuseContradiction (keys: readonly ParsedKey[], path: RulePath): void {
  const uri = keys.find(({ key }) => key === 'uri')
  const hasSpiffe = keys.some(({ key }) => key === 'spiffe')
  if (uri !== undefined && hasSpiffe && uri.values.every(isNoSpiffeId)) {
    // X.509-SVID section 2: a certificate with a SPIFFE ID has no other URI name.
    const hint = 'a certificate with a SPIFFE ID has no other URI'
    refuseRule(path.at(uri.spelling), 'never_matches', uri.values[0], 'no "uri" together with "spiffe"', hint)
  }
  refuseOtherDomain(keys, path)
  const not = keys.find(({ key }) => key === 'not')
  if (not === undefined) return
  // Without the `not` itself. A second guard: `implies` counts no condition of a `not`.
  const conditions = keys.filter((key) => key !== not).flatMap((key) => key.conditions)
  for (const rule of not.rules as readonly ParsedRule[]) {
    if (implies(conditions, rule.keys.flatMap((key) => key.conditions))) {
      const expected = 'a "not" that does not exclude everything the rule matches'
      refuseRule(path.at(not.spelling), 'never_matches', not.spelling, expected)
    }
  }
}

/** Refuses SPIFFE IDs that are all of other trust domains than `trustDomain`. @throws RuleInvalidError */
function refuseOtherDomain (keys: readonly ParsedKey[], path: RulePath): void {
  const ids = keys.find(({ key }) => key === 'spiffe')
  const domains = keys.find(({ key }) => key === 'trustDomain')
  if (ids === undefined || domains === undefined) return
  // A request may bring any of them.
  if (ids.values.some(isRequestValue) || domains.values.some(isRequestValue)) return
  const named = new Set(domains.values.map((name) => `spiffe://${name as string}`))
  const values = ids.values as readonly string[]
  if (values.some((id) => named.has(id.split('/', 3).join('/')))) return
  const expected = `a SPIFFE ID of ${domains.values.slice(0, 3).join(' or ')}, as "trustDomain" says`
  refuseRule(path.at(ids.spelling), 'never_matches', values[0], expected)
}

function isNoSpiffeId (value: unknown): boolean {
  return !isRequestValue(value) && !(value as string).startsWith('spiffe://')
}

/** Whether `conditions` imply all of `others`: each of the others has all values of one of the conditions. */
function implies (conditions: readonly Condition[], others: readonly Condition[]): boolean {
  return others.every((other) => {
    if (other instanceof BoundCondition) return conditions.some((one) => isSameBinding(one, other))
    if (!(other instanceof AnyOfValues)) return false
    const names = new Set(other.values.map(nameOf))
    return conditions.some((condition) => {
      return condition instanceof AnyOfValues && condition.values.every((value) => names.has(nameOf(value)))
    })
  })
}

/** Whether two conditions of one key are about the same value of the request. */
function isSameBinding (condition: Condition, { binding: { source, name }, literal }: BoundCondition): boolean {
  if (!(condition instanceof BoundCondition) || condition.literal.key !== literal.key) return false
  return condition.binding.source === source && condition.binding.name === name
}

function nameOf ({ field, key }: FieldValue): string {
  return `${field.name} ${key}`
}
