import type { Clause, Condition } from './condition.ts'
import { AnyOfNames } from './nested-conditions.ts'
import type { ParsedRule } from './parsed-rule.ts'

/**
 * A rule as clauses of which any must hold. It is one clause, except where a list of several-attribute names stands in it: that list is multiplied out, so that
 * each of its names is found by look-up. Only the longest such list, so that two of them do not make a product.
 */
export function listClauses (rule: ParsedRule, ordinal: number): readonly Clause[] {
  const conditions = rule.keys.flatMap((key) => key.conditions)
  const longest = conditions.filter((condition) => condition instanceof AnyOfNames).sort((a, b) => b.alternatives.length - a.alternatives.length)[0]
  if (longest === undefined) return [{ ordinal, conditions }]
  const rest: readonly Condition[] = conditions.filter((condition) => condition !== longest)
  return longest.alternatives.map((alternative) => ({ ordinal, conditions: [...rest, ...alternative] }))
}
