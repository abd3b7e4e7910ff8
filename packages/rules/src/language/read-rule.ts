import { findNearest, suggestNearest } from '@peerkit/identity/internal'
import type { AuthorityCheck } from '../lint/authority-check.ts'
import { refuseUnknownAuthority } from '../lint/rule-authority.ts'
import { AnyOfValues, createAnyOfValues } from '../match/any-of-values.ts'
import type { Condition } from '../match/condition.ts'
import { Matcher } from '../match/matcher.ts'
import { NotCondition, ViaCondition, listClauses } from '../match/nested-conditions.ts'
import type { Predicate } from './allow-rule.ts'
import { readNameRule } from './name-rule.ts'
import { OTHER_NAMES, RULE_KEYS, SPELLINGS } from './rule-keys.ts'
import type { RuleKey } from './rule-keys.ts'
import { expectPlainObject, isPlainObject, listValues, refuseRule } from './rule-path.ts'
import type { RulePath } from './rule-path.ts'
import type { FieldValue } from './values/field-value.ts'

/** One key of a checked rule: its conditions, and what is needed to describe it. */
export interface ParsedKey {
  readonly key: RuleKey
  /** The key as spelt in the rule. */
  readonly spelling: string
  /** A copy of the values as written, always a list. */
  readonly values: readonly unknown[]
  /** All of them must hold. */
  readonly conditions: readonly Condition[]
  /** For `via` and `not`: the nested rules. */
  readonly rules: readonly ParsedRule[] | undefined
}

/** What is doubtful about a rule, given the authorities. */
export interface AuthorityFindings {
  /** Two authorities whose peers may both match. */
  readonly rivals: readonly [string, string] | undefined
  /** The first few authorities that vouch for the keys, but not for the names in `not`, so that no peer matches. */
  readonly neverMatched: readonly string[]
}

/** A checked rule. */
export interface ParsedRule {
  readonly path: RulePath
  readonly keys: readonly ParsedKey[]
  /** Undefined if the rule was not checked against authorities. */
  readonly findings: AuthorityFindings | undefined
}

/** One entry of a checked rule set. */
export type ParsedEntry =
  | { readonly kind: 'rule', readonly rule: ParsedRule }
  | { readonly kind: 'group', readonly name: string, readonly path: RulePath }
  | { readonly kind: 'predicate', readonly predicate: Predicate<any>, readonly path: RulePath }

const EXPECTED_ENTRY = 'a rule, the name of a group or a predicate'

/** Checks a rule set. A single entry needs no array. `groups` are the known names. @throws RuleInvalidError */
export function readRuleSet (
  value: unknown, path: RulePath, groups: ReadonlySet<string>, authorityCheck: AuthorityCheck | undefined
): readonly ParsedEntry[] {
  if (!Array.isArray(value)) {
    if (!isPlainObject(value) && typeof value !== 'string' && typeof value !== 'function') {
      refuseRule(path, 'wrong_type', value, `${EXPECTED_ENTRY}, or an array of them`)
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
    refuseRule(path, 'wrong_type', entry, EXPECTED_ENTRY)
  }
  return { kind: 'rule', rule: readRule(entry, path, place) }
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
}

/** The place of a rule that is not nested. */
function topPlace (authorityCheck: AuthorityCheck | undefined): Place {
  return { depth: 0, gateway: false, negated: false, authorityCheck }
}

/** Checks a rule and copies its values. @throws RuleInvalidError */
function readRule (value: unknown, path: RulePath, place: Place): ParsedRule {
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
  refuseContradiction(keys, path)
  return { path, keys, findings: place.negated ? undefined : place.authorityCheck?.check({ path, keys }) }
}

function resolveKey (spelling: string, path: RulePath): RuleKey {
  const key = SPELLINGS.get(spelling)
  if (key !== undefined) return key
  const meant = OTHER_NAMES.get(spelling.toLowerCase()) ?? findNearest(spelling, SPELLINGS.keys())
  const hint = meant === undefined ? '' : `did you mean "${meant}"?`
  return refuseRule(path.at(spelling), 'unknown_key', spelling, `one of ${[...SPELLINGS.keys()].join(', ')}`, hint)
}

function readKey (key: RuleKey, spelling: string, content: unknown, path: RulePath, place: Place): ParsedKey {
  if (key === 'subject' || key === 'issuer') {
    const { values, conditions } = readNameRule(key, content, path)
    return { key, spelling, values, conditions, rules: undefined }
  }
  if (key === 'via' || key === 'not') return readNested(key, spelling, content, path, place)
  const read = RULE_KEYS[key].read as NonNullable<typeof RULE_KEYS[RuleKey]['read']>
  const values = listValues(content, path)
  const fieldValues = values.map(({ value, path }) => read(value, path))
  const known = key === 'authority' ? place.authorityCheck?.authorities : undefined
  if (known !== undefined) for (const { value, path } of values) refuseUnknownAuthority(value as string, known, path)
  const conditions = [createAnyOfValues(fieldValues)]
  return { key, spelling, values: values.map(({ value }) => value), conditions, rules: undefined }
}

function readNested (
  key: 'via' | 'not', spelling: string, content: unknown, path: RulePath, outer: Place
): ParsedKey {
  if (key === 'via' && outer.gateway) {
    refuseRule(path, 'never_matches', content, 'no "via" within "via"', 'only the nearest gateway is verified')
  }
  const { depth, gateway, negated, authorityCheck } = outer
  const place = {
    depth: depth + 1,
    gateway: gateway || key === 'via',
    negated: negated || key === 'not',
    authorityCheck
  }
  const rules = listValues(content, path).map(({ value, path }) => readRule(value, path, place))
  const matcher = new Matcher(rules.flatMap((rule, ordinal) => listClauses(rule, ordinal)))
  const condition = key === 'via' ? new ViaCondition(matcher) : new NotCondition(matcher)
  return { key, spelling, values: [], conditions: [condition], rules }
}

/** Refuses a rule whose keys exclude each other: it would never allow anyone. @throws RuleInvalidError */
function refuseContradiction (keys: readonly ParsedKey[], path: RulePath): void {
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
