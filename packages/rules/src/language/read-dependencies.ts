import { PeriodCondition } from '../match/period-condition.ts'
import type { ParsedKey, RuleDependencies } from './parsed-rule.ts'
import type { Binding } from './request-value.ts'
import { refuseRule } from './rule-path.ts'
import type { RulePath } from './rule-path.ts'
import { readMoment, refuseEmptyPeriod } from './rule-period.ts'

/** The key `validFrom` or `validUntil`. @throws RuleInvalidError */
export function readPeriodKey (
  key: 'validFrom' | 'validUntil', content: unknown, path: RulePath, depth: number
): ParsedKey {
  // An exception that ends by itself would widen the rule unnoticed.
  if (depth > 0) refuseRule(path, 'unknown_key', key, `no "${key}" within "not" and "via"`)
  const conditions = [new PeriodCondition(key, readMoment(content, path))]
  return { key, spelling: key, values: [content], conditions, rules: undefined }
}

/** What a rule depends on besides the certificate. @throws RuleInvalidError */
export function readDependencies (
  keys: readonly ParsedKey[], bindings: readonly Binding[], path: RulePath
): RuleDependencies | undefined {
  let [from, until] = [-Infinity, Infinity]
  let written: unknown
  for (const { key, conditions: [condition], values } of keys) {
    if (!(condition instanceof PeriodCondition)) continue
    if (key === 'validFrom') from = condition.moment
    else [until, written] = [condition.moment, values[0]]
  }
  const isTemporary = from !== -Infinity || until !== Infinity
  if (!isTemporary && bindings.length === 0) return undefined
  refuseEmptyPeriod({ from, until }, written, path)
  return { bindings, period: isTemporary ? { from, until } : undefined }
}
