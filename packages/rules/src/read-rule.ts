import { findNearest } from '@peerkit/identity/internal'
import { expectPlainObject, listValues } from './expect-shape.ts'
import { createAnyOfValues } from './any-of-values.ts'
import { Matcher } from './matcher.ts'
import { NotCondition, ViaCondition } from './nested-conditions.ts'
import type { ParsedKey, ParsedRule } from './parsed-rule.ts'
import { readNameRule } from './read-name-rule.ts'
import { refuseRule } from './refuse-rule.ts'
import { refuseUnknownAuthority } from './refuse-unknown-authority.ts'
import { OTHER_NAMES, RULE_KEYS, TEXT_KEYS } from './rule-keys.ts'
import type { RuleKey } from './rule-keys.ts'
import type { RulePath } from './rule-path.ts'
import { listClauses } from './list-clauses.ts'
import { refuseContradiction } from './refuse-contradiction.ts'
import type { AuthorityCheck } from './authority-check.ts'

const EXPECTED = 'a rule, such as { "dns": "api.example.com" }'

/** The nesting limit of `not` and `via`. It also ends the reading of a cyclic object. */
const MAX_DEPTH = 16

/** The place of a rule: its depth, and whether it is about a gateway. */
export interface Place {
  readonly depth: number
  readonly gateway: boolean
  /** Whether it is inside a `not`, where a rule that never matches does no harm. */
  readonly negated: boolean
  readonly authorityCheck: AuthorityCheck | undefined
}

/** The place of a rule that is not nested. */
export function topPlace (authorityCheck: AuthorityCheck | undefined): Place {
  return { depth: 0, gateway: false, negated: false, authorityCheck }
}

/** Checks a rule and copies its values. @throws RuleInvalidError */
export function readRule (value: unknown, path: RulePath, place: Place): ParsedRule {
  if (place.depth > MAX_DEPTH) refuseRule(path, 'too_deep', value, `at most ${MAX_DEPTH} levels of rules in rules`)
  const spellings = new Map<RuleKey, string>()
  const entries = expectPlainObject(value, path, EXPECTED).map(([spelling, content]) => {
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
  const key = RULE_KEYS.get(spelling)
  if (key !== undefined) return key
  const meant = OTHER_NAMES.get(spelling.toLowerCase()) ?? findNearest(spelling, RULE_KEYS.keys())
  const hint = meant === undefined ? '' : `did you mean "${meant}"?`
  return refuseRule(path.at(spelling), 'unknown_key', spelling, `one of ${[...RULE_KEYS.keys()].join(', ')}`, hint)
}

function readKey (key: RuleKey, spelling: string, content: unknown, path: RulePath, place: Place): ParsedKey {
  if (key === 'subject' || key === 'issuer') {
    const { values, conditions } = readNameRule(key, content, path)
    return { key, spelling, values, conditions, rules: undefined }
  }
  if (key === 'via' || key === 'not') return readNested(key, spelling, content, path, place)
  const read = TEXT_KEYS.get(key) as NonNullable<ReturnType<typeof TEXT_KEYS.get>>
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
