import type { Condition } from './condition.ts'
import { AnyOfValues } from './any-of-values.ts'
import type { ParsedKey, ParsedRule } from './parsed-rule.ts'
import { refuseRule } from './refuse-rule.ts'
import type { RulePath } from './rule-path.ts'
import type { FieldValue } from './certificate-field.ts'

/** Refuses a rule whose keys exclude each other: it would never allow anyone. @throws RuleInvalidError */
export function refuseContradiction (keys: readonly ParsedKey[], path: RulePath): void {
  const uri = keys.find(({ key }) => key === 'uri')
  const hasSpiffe = keys.some(({ key }) => key === 'spiffe')
  if (uri !== undefined && hasSpiffe && uri.values.every((value) => !(value as string).startsWith('spiffe://'))) {
    // X.509-SVID section 2: a certificate with a SPIFFE ID has no other URI name.
    const hint = 'a certificate with a SPIFFE ID has no other URI'
    refuseRule(path.at(uri.spelling), 'never_matches', uri.values[0], 'no "uri" together with "spiffe"', hint)
  }
  const not = keys.find(({ key }) => key === 'not')
  if (not === undefined) return
  const conditions = keys.filter((key) => key !== not).flatMap((key) => key.conditions)
  for (const rule of not.rules as readonly ParsedRule[]) {
    if (implies(conditions, rule.keys.flatMap((key) => key.conditions))) {
      const expected = 'a "not" that does not exclude everything the rule matches'
      refuseRule(path.at(not.spelling), 'never_matches', not.spelling, expected)
    }
  }
}

/** Whether `conditions` imply all of `others`: each of the others has all values of one of the conditions. */
function implies (conditions: readonly Condition[], others: readonly Condition[]): boolean {
  return others.every((other) => {
    if (!(other instanceof AnyOfValues)) return false
    const names = new Set(other.values.map(nameOf))
    return conditions.some((condition) => {
      return condition instanceof AnyOfValues && condition.values.every((value) => names.has(nameOf(value)))
    })
  })
}

function nameOf ({ field, key }: FieldValue): string {
  return `${field.name} ${key}`
}
