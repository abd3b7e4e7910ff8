import { suggestNearest } from '@peerkit/identity/internal'
import type { Predicate } from './allow-rule.ts'
import { isPlainObject } from './expect-shape.ts'
import type { ParsedEntry } from './parsed-rule.ts'
import { readRule, topPlace } from './read-rule.ts'
import type { Place } from './read-rule.ts'
import { refuseRule } from './refuse-rule.ts'
import type { RulePath } from './rule-path.ts'
import type { AuthorityCheck } from './authority-check.ts'

const EXPECTED = 'a rule, the name of a group or a predicate'

/** Checks a rule set. A single entry needs no array. `groups` are the known names. @throws RuleInvalidError */
export function readRuleSet (
  value: unknown, path: RulePath, groups: ReadonlySet<string>, authorityCheck: AuthorityCheck | undefined
): readonly ParsedEntry[] {
  if (!Array.isArray(value)) {
    if (!isPlainObject(value) && typeof value !== 'string' && typeof value !== 'function') {
      refuseRule(path, 'wrong_type', value, `${EXPECTED}, or an array of them`)
    }
    return [readEntry(value, path, groups, topPlace(authorityCheck))]
  }
  if (value.length === 0) refuseRule(path, 'empty', value, 'at least one rule', 'an empty rule set would allow no one')
  const place = topPlace(authorityCheck)
  return Array.from(value as readonly unknown[], (entry, index) => readEntry(entry, path.at(index), groups, place))
}

function readEntry (entry: unknown, path: RulePath, groups: ReadonlySet<string>, place: Place): ParsedEntry {
  if (typeof entry === 'function') return { kind: 'predicate', predicate: entry as Predicate<any>, path }
  if (typeof entry === 'string') {
    if (!groups.has(entry)) refuseRule(path, 'unknown_group', entry, listNames(groups), suggestNearest(entry, groups))
    return { kind: 'group', name: entry, path }
  }
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    refuseRule(path, 'wrong_type', entry, EXPECTED)
  }
  return { kind: 'rule', rule: readRule(entry, path, place) }
}

function listNames (groups: ReadonlySet<string>): string {
  if (groups.size === 0) return 'a rule, because no groups are declared'
  const first = [...groups].slice(0, 10).map((name) => JSON.stringify(name)).join(', ')
  return `one of the groups ${first}${groups.size > 10 ? ` and ${groups.size - 10} more` : ''}`
}
