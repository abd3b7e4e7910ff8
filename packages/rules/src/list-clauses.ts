import type { Clause, Condition } from './condition.ts'
import { AnyOfNames } from './nested-conditions.ts'
import type { ParsedRule } from './parsed-rule.ts'

/**
 * Converts a rule to clauses of which any must hold. Most rules are one clause. If a key has a list of names with
 * several attributes, each name becomes a clause, so that it can be indexed. Only the longest such list is expanded, so
 * that two lists do not multiply.
 */
export function listClauses (rule: ParsedRule, ordinal: number): readonly Clause[] {
  const conditions = rule.keys.flatMap((key) => key.conditions)
  const [longest] = conditions.filter((condition) => condition instanceof AnyOfNames)
    .sort((a, b) => b.alternatives.length - a.alternatives.length)
  if (longest === undefined) return [{ ordinal, conditions }]
  const rest: readonly Condition[] = conditions.filter((condition) => condition !== longest)
  return longest.alternatives.map((alternative) => ({ ordinal, conditions: [...rest, ...alternative] }))
}
