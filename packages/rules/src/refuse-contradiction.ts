import type { Condition } from './condition.ts'
import { AnyOfValues } from './any-of-values.ts'
import type { ParsedKey, ParsedRule } from './parsed-rule.ts'
import { refuseRule } from './refuse-rule.ts'
import type { RulePath } from './rule-path.ts'
import type { FieldValue } from './certificate-field.ts'

/** Refuses a rule whose keys exclude each other: it would allow nobody, silently. @throws MTLS_ERR_RULE_INVALID */
export function refuseContradiction (keys: readonly ParsedKey[], path: RulePath): void {
  const uri = keys.find(({ key }) => key === 'uri')
  if (uri !== undefined && keys.some(({ key }) => key === 'spiffe') && uri.values.every((value) => !(value as string).startsWith('spiffe://'))) {
    // X.509-SVID 2: who has a SPIFFE ID has no other URI name.
    refuseRule(path.at(uri.spelling), 'never_matches', uri.values[0], 'no other URI beside "spiffe"', 'a certificate with a SPIFFE ID has that URI alone')
  }
  const not = keys.find(({ key }) => key === 'not')
  if (not === undefined) return
  const conditions = keys.filter((key) => key !== not).flatMap((key) => key.conditions)
  for (const rule of not.rules as readonly ParsedRule[]) {
    if (implies(conditions, rule.keys.flatMap((key) => key.conditions))) {
      refuseRule(path.at(not.spelling), 'never_matches', not.spelling, 'a "not" that leaves something', 'everything that the other keys match is excluded')
    }
  }
}

/** Whether whoever fulfils `conditions` is known to fulfil all of `others`: each of them asks for the values of one of ours, or more. */
function implies (conditions: readonly Condition[], others: readonly Condition[]): boolean {
  return others.every((other) => {
    if (!(other instanceof AnyOfValues)) return false
    const names = new Set(other.values.map(nameOf))
    return conditions.some((condition) => condition instanceof AnyOfValues && condition.values.every((value) => names.has(nameOf(value))))
  })
}

function nameOf ({ field, key }: FieldValue): string {
  return `${field.name} ${key}`
}
