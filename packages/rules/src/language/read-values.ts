import { BoundCondition } from '../match/bound-condition.ts'
import type { LiteralReader } from '../match/bound-condition.ts'
import { PeriodCondition } from '../match/period-condition.ts'
import type { ParsedKey, RuleDependencies } from './parsed-rule.ts'
import { describeBinding, readBinding } from './request-value.ts'
import type { Binding } from './request-value.ts'
import { refuseRule } from './rule-path.ts'
import type { RulePath } from './rule-path.ts'
import { readMoment, refuseEmptyPeriod } from './rule-period.ts'

/**
 * A value that comes from the request.
 *
 * @param literal how a value of the request is read; undefined if the key takes none
 * @param bindings where it is added
 * @throws RuleInvalidError
 */
export function readBound (
  value: object, path: RulePath, literal: LiteralReader | undefined, bindings: Binding[]
): BoundCondition {
  const binding = readBinding(value, path)
  if (literal === undefined) {
    refuseRule(path, 'wrong_type', value, 'a value of the certificate', `it cannot be ${describeBinding(binding)}`)
  }
  bindings.push(binding)
  return new BoundCondition(binding, literal)
}

/** Values are kept as they were written, to describe the rule. */
export function copyValue (value: unknown): unknown {
  return typeof value === 'object' ? structuredClone(value) : value
}

/** @throws RuleInvalidError */
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
