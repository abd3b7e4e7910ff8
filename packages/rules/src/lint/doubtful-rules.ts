import type { ParsedEntry, ParsedRule } from '../language/parsed-rule.ts'
import { isCoveredBy } from './covers.ts'
import type { LintFinding } from './lint-finding.ts'

/** With more rules, each is compared with equal ones alone: all pairs would take too long. */
const MAX_COMPARED = 2000

/** An entry of a rule set that is a rule. */
type RuleEntry = ParsedEntry & { readonly kind: 'rule' }

/**
 * Rules of which every peer is matched by a rule before.
 *
 * @param all the rules of a set and of its groups, in order
 * @param own the entries of the set itself. A rule of a group may matter for other sets
 */
export function findShadowed (all: readonly RuleEntry[], own: ReadonlySet<ParsedEntry>): readonly LintFinding[] {
  const isFew = all.length <= MAX_COMPARED
  const known = new Map<string, ParsedRule>()
  return all.flatMap((entry, index): readonly LintFinding[] => {
    const { rule } = entry
    const text = JSON.stringify(describeKeys(rule))
    const same = known.get(text)
    if (same === undefined) known.set(text, rule)
    if (!own.has(entry)) return []
    const wider = isFew ? all.slice(0, index).find((other) => isCoveredBy(rule, other.rule)) : undefined
    const earlier = same ?? wider?.rule
    if (earlier === undefined) return []
    return [{
      kind: 'shadowed', path: rule.path.toString(), message: `every peer that it matches is matched by ${earlier.path}`
    }]
  })
}

function describeKeys ({ keys }: ParsedRule): unknown {
  return keys.map(({ key, values, rules }) => [key, values, rules?.map(describeKeys)])
}

/** The shortest prefixes that are not conspicuous. */
const LEAST_PREFIX = { 32: 8, 128: 16 } as const

/** Values that cover more names than a rule usually means. */
export function findWideValues ({ keys, path }: ParsedRule): readonly LintFinding[] {
  return keys.flatMap(({ key, spelling, values }) => values.flatMap((value, index): readonly LintFinding[] => {
    if (typeof value !== 'string') return []
    const why = key === 'dns' ? noteDns(value) : key === 'ip' ? noteRange(value) : undefined
    if (why === undefined) return []
    const at = values.length === 1 ? path.at(spelling) : path.at(spelling).at(index)
    return [{ kind: 'over_broad', path: at.toString(), message: `${JSON.stringify(value)} ${why}` }]
  }))
}

function noteDns (value: string): string | undefined {
  if (!value.startsWith('*.') || value.slice(2).includes('.')) return undefined
  return 'covers every name directly below a top-level domain'
}

function noteRange (value: string): string | undefined {
  const [address = '', prefix] = value.split('/')
  const least = LEAST_PREFIX[address.includes(':') ? 128 : 32]
  return prefix === undefined || Number(prefix) >= least ? undefined : `covers more addresses than a /${least}`
}
