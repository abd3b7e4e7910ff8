import type { Comparison } from './comparison.ts'
import { joinAll, propose } from './proposal.ts'
import type { Proposal, Rule } from './proposal.ts'

const MORE = 'the code asks for more than this rule: add the rest by hand, or more clients are allowed'

/**
 * What comparisons that are joined by an operator stand for.
 *
 * `a && b` allows who is both. `!a || !b` refuses who is not both, which is the same. `a && !b` and `!a || b` allow who
 * is a and not b. What is left are alternatives: one rule each.
 *
 * @param hasMore whether conditions of another kind are joined with them
 */
export function proposeAll (comparisons: readonly Comparison[], operator: string, hasMore: boolean): Proposal[] {
  const proposals = comparisons.map((comparison) => ({ comparison, ...propose(comparison) }))
  const required = proposals.filter(({ comparison }) => comparison.isNegated === (operator === '||'))
  const excluded = proposals.filter((one) => !required.includes(one))
  const isWhole = proposals.every(({ rule }) => rule !== undefined)
  const rule = isWhole && required.length > 0 && proposals.length > 1 ? joinRules(required, excluded) : undefined
  if (rule !== undefined) return [annotate({ rule, notes: proposals.flatMap(({ note }) => note ?? []), hasMore })]
  // A part of what is required would allow more clients than the code does.
  const isPart = required.length > 0 && proposals.length > 1
  return proposals.map((proposal) => {
    const { rule: own, note } = proposal
    const notes = note === undefined ? [] : [note]
    const lacks = isPart || (hasMore && required.includes(proposal))
    return annotate({ ...(own !== undefined && { rule: own }), notes, hasMore: lacks })
  })
}

function annotate (
  { rule, notes, hasMore }: { readonly rule?: Rule, readonly notes: readonly string[], readonly hasMore: boolean }
): Proposal {
  const all = [...new Set(hasMore && rule !== undefined ? [...notes, MORE] : notes)]
  return { ...(rule !== undefined && { rule }), ...(all.length > 0 && { note: all.join('; ') }) }
}

function joinRules (required: readonly Proposal[], excluded: readonly Proposal[]): Rule | undefined {
  const all = joinAll(required.map(({ rule = {} }) => rule))
  if (all === undefined || excluded.length === 0) return all
  const others = excluded.map(({ rule = {} }) => rule)
  return { ...all, not: others.length === 1 ? others[0] : others }
}
