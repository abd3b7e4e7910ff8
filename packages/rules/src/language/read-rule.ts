import { clip, findNearest, suggestNearest } from '@peerkit/identity/internal'
import type { AuthorityCheck } from '../lint/authority-check.ts'
import { refuseUnknownAuthority } from '../lint/rule-authority.ts'
import { Alternatives } from '../match/alternatives.ts'
import { createAnyOfValues } from '../match/any-of-values.ts'
import type { Condition } from '../match/condition.ts'
import { NotCondition, ViaCondition } from '../match/nested-conditions.ts'
import type { Predicate } from './allow-rule.ts'
import { readBound } from './bound-value.ts'
import { literalOf } from './literal-values.ts'
import { refuseContradiction } from './parsed-rule.ts'
import type { ParsedEntry, ParsedKey, ParsedRule } from './parsed-rule.ts'
import { readDependencies, readPeriodKey } from './read-dependencies.ts'
import { isRequestValue } from './request-value.ts'
import type { Binding } from './request-value.ts'
import { OTHER_NAMES, RULE_KEYS, SPELLINGS, isPeriodKey } from './rule-keys.ts'
import type { RuleKey } from './rule-keys.ts'
import { expectPlainObject, isPlainObject, listValues, refuseRule } from './rule-path.ts'
import type { RulePath } from './rule-path.ts'

const EXPECTED_ENTRY = 'a rule, the name of a group or a predicate'

/** Checks a rule set. A single entry needs no array. `groups` are the known names. @throws RuleInvalidError */
export function readRuleSet (
  value: unknown, path: RulePath, groups: ReadonlySet<string>, authorityCheck: AuthorityCheck | undefined
): readonly ParsedEntry[] {
  const entries: ParsedEntry[] = []
  readEntries(value, path, { groups, authorityCheck }, { begin () {}, take (entry) { entries.push(entry) } })
  return entries
}

/** What the entries of a rule set are checked against. */
export interface EntryContext {
  /** The known names. */
  readonly groups: ReadonlySet<string>
  readonly authorityCheck: AuthorityCheck | undefined
}

/** Gets the entries of a rule set one by one, so that they need not all be in memory. */
export interface EntryTaker {
  begin (path: RulePath, alone: boolean): void
  take (entry: ParsedEntry, position: number): void
}

/** Checks a rule set, entry by entry. @throws RuleInvalidError */
export function readEntries (
  value: unknown, path: RulePath, { groups, authorityCheck }: EntryContext, taker: EntryTaker
): void {
  const place = topPlace(authorityCheck)
  if (!Array.isArray(value)) {
    if (!isPlainObject(value) && typeof value !== 'string' && typeof value !== 'function') {
      refuseRule(path, 'wrong_type', value, `${EXPECTED_ENTRY}, or an array of them`)
    }
    taker.begin(path, true)
    taker.take(readEntry(value, path, groups, place), 0)
    return
  }
  const { length } = value
  if (length === 0) refuseRule(path, 'empty', value, 'at least one rule', 'an empty rule set would allow no one')
  taker.begin(path, false)
  for (let index = 0; index < length; index++) {
    taker.take(readEntry((value as readonly unknown[])[index], path.at(index), groups, place), index)
  }
}

function readEntry (entry: unknown, path: RulePath, groups: ReadonlySet<string>, place: Place): ParsedEntry {
  if (typeof entry === 'function') return { kind: 'predicate', predicate: entry as Predicate<any>, path }
  if (typeof entry === 'string') {
    if (!groups.has(entry)) refuseRule(path, 'unknown_group', entry, listNames(groups), suggestNearest(entry, groups))
    return { kind: 'group', name: entry, path }
  }
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    refuseRule(path, 'wrong_type', entry, EXPECTED_ENTRY)
  }
  return { kind: 'rule', rule: readNestedRule(entry, path, { ...place, bindings: [] }) }
}

function listNames (groups: ReadonlySet<string>): string {
  if (groups.size === 0) return 'a rule, because no groups are declared'
  const first = [...groups].slice(0, 10).map((name) => JSON.stringify(name)).join(', ')
  return `one of the groups ${first}${groups.size > 10 ? ` and ${groups.size - 10} more` : ''}`
}

const EXPECTED_RULE = 'a rule, such as { "dns": "api.example.com" }'

/** The nesting limit of `not` and `via`. It also ends the reading of a cyclic object. */
const MAX_DEPTH = 16

/** The place of a rule: its depth, and whether it is about a gateway. */
interface Place {
  readonly depth: number
  readonly gateway: boolean
  /** Whether it is inside a `not`, where a rule that never matches does no harm. */
  readonly negated: boolean
  readonly authorityCheck: AuthorityCheck | undefined
  /** Collects the values of the request that the rule and those within it name. */
  readonly bindings: Binding[]
}

/** What the values of a rule are checked against, and where values of the request are added. */
export type ValuePlace = Pick<Place, 'authorityCheck' | 'bindings'>

/** The place of a rule that is not nested. */
function topPlace (authorityCheck: AuthorityCheck | undefined): Place {
  return { depth: 0, gateway: false, negated: false, authorityCheck, bindings: [] }
}

/** Checks a rule that is not nested, and copies its values. @throws RuleInvalidError */
export function readRule (value: unknown, path: RulePath, place: ValuePlace): ParsedRule {
  return readNestedRule(value, path, { ...topPlace(place.authorityCheck), ...place })
}

function readNestedRule (value: unknown, path: RulePath, place: Place): ParsedRule {
  if (place.depth > MAX_DEPTH) refuseRule(path, 'too_deep', value, `at most ${MAX_DEPTH} levels of rules in rules`)
  const spellings = new Map<RuleKey, string>()
  const entries = expectPlainObject(value, path, EXPECTED_RULE).map(([spelling, content]) => {
    const key = resolveKey(spelling, path)
    const other = spellings.get(key)
    if (other !== undefined) {
      const expected = `one of "${other}" and "${spelling}"`
      refuseRule(path.at(spelling), 'duplicate_key', spelling, expected, 'both are the same key')
    }
    spellings.set(key, spelling)
    return { key, spelling, content, path: path.at(spelling) }
  })
  const serial = entries.find(({ key }) => key === 'serialNumber')
  if (serial !== undefined && !spellings.has('issuer')) {
    const hint = 'serial numbers are unique only within one CA'
    refuseRule(serial.path, 'issuer_missing', 'serialNumber', '"issuer" in the same rule', hint)
  }
  const keys = entries.map(({ key, spelling, content, path }) => readKey(key, spelling, content, path, place))
  if (keys.every(({ key }) => isPeriodKey(key))) {
    const hint = 'without a key for the certificate, it would allow everyone for that time'
    refuseRule(path, 'empty', keys.map(({ spelling }) => spelling).join(', '), EXPECTED_RULE, hint)
  }
  refuseContradiction(keys, path)
  const dependencies = place.depth === 0 ? readDependencies(keys, place.bindings, path) : undefined
  const findings = place.negated ? undefined : place.authorityCheck?.check({ path, keys })
  return { path, keys, findings, dependencies }
}

function resolveKey (spelling: string, path: RulePath): RuleKey {
  const key = SPELLINGS.get(spelling)
  if (key !== undefined) return key
  const meant = OTHER_NAMES.get(spelling.toLowerCase()) ?? findNearest(spelling, SPELLINGS.keys())
  const hint = meant === undefined ? '' : `did you mean "${meant}"?`
  const at = path.at(clip(spelling, 80))
  return refuseRule(at, 'unknown_key', spelling, `one of ${[...SPELLINGS.keys()].join(', ')}`, hint)
}

function readKey (key: RuleKey, spelling: string, content: unknown, path: RulePath, place: Place): ParsedKey {
  if (key === 'via' || key === 'not') return readNested(key, spelling, content, path, place)
  if (isPeriodKey(key)) return readPeriodKey(key, content, path, place.depth)
  if (!Array.isArray(content)) {
    const conditions = readValue(key, content, path, place)
    return { key, spelling, values: [copyValue(content)], conditions, rules: undefined }
  }
  // One by one: a list may have a million values.
  if (content.length === 0) refuseRule(path, 'empty', content, 'at least one value')
  const values: unknown[] = []
  const alternatives = new Alternatives()
  for (let index = 0; index < content.length; index++) {
    const value: unknown = content[index]
    alternatives.add(readValue(key, value, path.at(index), place))
    values.push(copyValue(value))
  }
  return { key, spelling, values, conditions: alternatives.join(), rules: undefined }
}

/** One of several values of a key, as conditions that must all hold. @throws RuleInvalidError */
export function readValue (
  key: RuleKey, value: unknown, path: RulePath, { authorityCheck, bindings }: ValuePlace
): readonly Condition[] {
  if (isRequestValue(value)) return [readBound(value, path, literalOf(key), bindings)]
  const { read, readConditions } = RULE_KEYS[key]
  if (readConditions !== undefined) return readConditions(value, path, bindings)
  const fieldValue = (read as NonNullable<typeof read>)(value, path)
  if (key === 'authority' && authorityCheck !== undefined) {
    refuseUnknownAuthority(fieldValue.key, authorityCheck.authorities, path)
  }
  return [createAnyOfValues([fieldValue])]
}

/** Values are kept as they were written, to describe the rule. */
function copyValue (value: unknown): unknown {
  return typeof value === 'object' ? structuredClone(value) : value
}

function readNested (
  key: 'via' | 'not', spelling: string, content: unknown, path: RulePath, outer: Place
): ParsedKey {
  if (key === 'via' && outer.gateway) {
    refuseRule(path, 'never_matches', content, 'no "via" within "via"', 'only the nearest gateway is verified')
  }
  const { depth, gateway, negated, authorityCheck, bindings } = outer
  const place = {
    depth: depth + 1,
    gateway: gateway || key === 'via',
    negated: negated || key === 'not',
    authorityCheck,
    bindings
  }
  const rules = listValues(content, path).map(({ value, path }) => readNestedRule(value, path, place))
  const condition = key === 'via' ? new ViaCondition(rules) : new NotCondition(rules)
  return { key, spelling, values: [], conditions: [condition], rules }
}
