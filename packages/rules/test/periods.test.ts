import { readFileSync } from 'node:fs'
import { createPartialIdentity } from '@peerkit/identity'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { test } from 'tap'
import type { Test } from 'tap'
import { compileGroups, compileRules, createGroupMatcher } from '../src/index.ts'
import type { AllowRule, Authorizer, RuleInvalidError, RuleSet } from '../src/index.ts'
import { packFrom } from './pack-from.ts'

const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false })
const validate = ajv.compile(JSON.parse(readFileSync(new URL('../schema.json', import.meta.url), 'utf8')))
const peer = createPartialIdentity({ subject: 'CN=a,OU=b' })
const at = (text: string): number => Date.parse(text)

/** Compiles rules with a clock that the test sets. */
function compileAt (rules: RuleSet, time: string, groups = {}): { authorizer: Authorizer, set: (time: string) => void } {
  let now = at(time)
  return {
    authorizer: compileRules(rules as never, { now: () => now, groups }),
    set: (next) => { now = at(next) }
  }
}

function refuses (t: Test, run: () => unknown, fault: Partial<RuleInvalidError>, name = 'refused'): void {
  t.throws(run, fault as RuleInvalidError, name)
}

test('a rule holds from its first moment and before its last, whatever the clock did before', async (t) => {
  const rule: AllowRule = { cn: 'a', validFrom: '2027-01-01', validUntil: '2027-02-01T12:00:00+02:00' }
  const { authorizer, set } = compileAt([rule], '2026-12-01T00:00:00Z')
  for (const [time, allowed] of [
    ['2026-12-31T23:59:59.999Z', false], ['2027-01-01T00:00:00Z', true], ['2027-02-01T09:59:59.999Z', true],
    ['2027-02-01T10:00:00Z', false], ['2027-01-15T00:00:00Z', true], ['2026-01-01T00:00:00Z', false]
  ] as const) {
    set(time)
    t.match(authorizer.authorize(peer), allowed ? { allowed: true, rule: 0 } : { allowed: false, reason: 'no_match' }, time)
  }
})

test('a clock that returns no number opens nothing', async (t) => {
  for (const rule of [{ cn: 'a', validUntil: '2027-01-01' }, { cn: 'a', validFrom: '2027-01-01' }]) {
    t.match(compileRules([rule], { now: () => Number.NaN }).authorize(peer), { allowed: false, reason: 'no_match' })
  }
})

test('a rule of a large group ends as any other', async (t) => {
  const cn = Array.from({ length: 3000 }, (_, index) => index === 7 ? 'a' : `c${index}`)
  const groups = { many: [{ cn, validUntil: '2027-01-01' }, { ou: 'x' }] }
  const { authorizer, set } = compileAt('many', '2026-01-01', groups)
  t.match(authorizer.authorize(peer), { allowed: true, group: 'many' })
  set('2027-01-01')
  t.match(authorizer.authorize(peer), { allowed: false })
  t.same(authorizer.temporary, [{ path: 'groups.many[0]', from: -Infinity, until: at('2027-01-01') }])
})

test('tells which rules hold for a time', async (t) => {
  const { authorizer } = compileAt(
    [{ cn: 'a', validUntil: '2027-01-01' }, { cn: 'b' }, { cn: 'c', validFrom: '2026-06-01T00:00Z' }], '2026-01-01'
  )
  t.same(authorizer.temporary, [
    { path: 'rules[0]', from: -Infinity, until: at('2027-01-01') },
    { path: 'rules[2]', from: at('2026-06-01'), until: Infinity }
  ])
  t.equal(authorizer.usesRequest, false)
  t.equal(authorizer.describe(), [
    '- CN is "a" and until 2027-01-01T00:00:00Z', '- CN is "b"', '- CN is "c" and from 2026-06-01T00:00:00Z'
  ].join('\n'))
})

test('warns of a rule that has ended, and of no other', async (t) => {
  const rules: AllowRule[] = [
    { issuer: 'CN=CA', cn: 'a', validUntil: '2026-01-01' }, { issuer: 'CN=CA', cn: 'b', validUntil: '2028-01-01' },
    { issuer: 'CN=CA', cn: 'c', validFrom: '2027-01-01' }
  ]
  t.same(compileAt(rules, '2026-12-01').authorizer.warnings, [
    'rules[0]: has ended at 2026-01-01T00:00:00Z, so it allows nobody'
  ])
  const many = Array.from({ length: 30 }, (_, index) => ({ issuer: 'CN=CA', cn: `c${index}`, validUntil: '2026-01-01' }))
  t.equal(compileAt(many, '2026-12-01').authorizer.warnings.at(-1), 'and 10 more rules like these')
  t.match(compileAt({ not: { cn: 'a' }, validUntil: '2028-01-01' }, '2026-12-01').authorizer.warnings, [/has only "not"/])
})

test('explains that a rule does not hold now', async (t) => {
  const explainAt = (time: string): string => String(
    compileAt({ cn: 'a', validFrom: '2027-01-01', validUntil: '2027-02-01' }, time).authorizer.explain(peer)
  )
  t.match(explainAt('2026-12-01'), [
    'closest: rules; cn, validUntil hold',
    '  validFrom: expected a time from 2027-01-01T00:00:00Z on, found "2026-12-01T00:00:00Z" (the rule does not hold yet)'
  ].join('\n'))
  t.match(explainAt('2027-02-01'), 'validUntil: expected a time before 2027-02-01T00:00:00Z, found ' +
    '"2027-02-01T00:00:00Z" (the rule has ended)')
  t.match(explainAt('2027-01-02'), 'allowed by rule 0')
})

test('refuses what is no moment, an empty period, and a period where it would widen a rule', async (t) => {
  for (const [value, reason] of [
    ['2027-02-30', 'invalid_value'], ['2027-13-01', 'invalid_value'], ['2027-1-1', 'invalid_value'],
    ['2027-01-01T10:00:00', 'invalid_value'], ['2027-01-01T24:00:00Z', 'invalid_value'], ['2027-01-01 10:00Z', 'invalid_value'],
    ['2027-01-01T10:00:60Z', 'invalid_value'], ['tomorrow', 'invalid_value'], ['', 'invalid_value'],
    [1_800_000_000_000, 'wrong_type'], [null, 'wrong_type'], [['2027-01-01'], 'wrong_type'], [new Date(0), 'wrong_type'],
    [{ param: 'a' }, 'wrong_type']
  ] as const) {
    for (const key of ['validFrom', 'validUntil']) {
      refuses(t, () => compileRules({ cn: 'a', [key]: value } as never), { reason, path: `rules.${key}` }, String(value))
    }
    if (value !== '2027-02-30' && value !== '2027-13-01') t.notOk(validate({ cn: 'a', validUntil: value }), String(value))
  }
  for (const value of ['2027-02-28', '2028-02-29', '2027-01-01T00:00Z', '2027-01-01T00:00:00.5-11:30']) {
    t.ok(compileRules({ cn: 'a', validUntil: value }), value)
    t.ok(validate({ cn: 'a', validUntil: value }), value)
  }
  const empty = { cn: 'a', validFrom: '2027-01-02', validUntil: '2027-01-02' }
  refuses(t, () => compileRules(empty), { reason: 'never_matches', path: 'rules.validUntil' })
  for (const rule of [{ validUntil: '2027-01-01' }, { validFrom: '2026-01-01', validUntil: '2027-01-01' }]) {
    refuses(t, () => compileRules(rule), { reason: 'empty', path: 'rules' })
    t.notOk(validate(rule))
  }
  for (const rule of [
    { cn: 'a', not: { ou: 'b', validUntil: '2027-01-01' } }, { cn: 'a', via: [{ ou: 'b', validFrom: '2027-01-01' }] }
  ]) {
    refuses(t, () => compileRules(rule as never), { reason: 'unknown_key' })
    t.notOk(validate(rule))
  }
})

test('a peer is in the groups of which a rule matches', async (t) => {
  let now = at('2026-01-01')
  const groups = compileGroups({
    a: { cn: 'a' },
    nobody: { cn: 'x' },
    both: ['nobody', 'deep'],
    deep: ['a'],
    asked: [() => { t.fail('a predicate was called'); return true }],
    soon: { ou: 'b', validUntil: '2027-01-01' },
    station: { cn: { param: 'id' } }
  })
  const matcher = createGroupMatcher(groups, {
    now: () => now, requestValue: (request: Record<string, string>, _source, name) => [request[name] ?? '']
  })
  t.same(matcher.match(peer), ['a', 'both', 'deep', 'soon'])
  t.same(matcher.match(peer, { id: 'a' }), ['a', 'both', 'deep', 'soon', 'station'])
  now = at('2027-01-01')
  t.same(matcher.match(peer, { id: 'b' }), ['a', 'both', 'deep'])
  t.same(matcher.match(null), [])
  t.same(matcher.match(undefined), [])
  t.ok(Object.isFrozen(matcher.match(peer)))
  t.equal(matcher.usesRequest, true)
  t.match(matcher.temporary, [{ path: 'groups.soon' }])
  t.notOk(createGroupMatcher(groups).match(peer, { id: 'a' }).includes('station'), 'there are no requests')
  t.same(createGroupMatcher(compileGroups({})).match(peer), [])
  refuses(t, () => createGroupMatcher(groups, { now: 1 as never }), { path: 'options.now' })
})

test('finds the groups of a peer in long chains and wide groups', async (t) => {
  const chain: Record<string, RuleSet> = {}
  for (let index = 0; index < 20_000; index++) chain[`g${index}`] = [`g${index + 1}`]
  chain['g20000'] = { cn: 'a' }
  t.equal(createGroupMatcher(compileGroups(chain)).match(peer).length, 20_001)
  const wide: Record<string, RuleSet> = { all: Array.from({ length: 20_000 }, (_, index) => `w${index}`) }
  for (let index = 0; index < 20_000; index++) wide[`w${index}`] = { cn: index === 19_999 ? 'a' : 'x' }
  t.same(createGroupMatcher(compileGroups(wide)).match(peer), ['all', 'w19999'])
})

test('the moments are those at which any rule begins or ends, ascending, each once', async (t) => {
  const [before, after] = ['2001-09-09T01:46:39Z', '2001-09-09T01:46:40Z']
  const own = [
    { cn: 'a', validUntil: '2027-03-01' }, { cn: 'b', validFrom: after, validUntil: '2027-03-01' }, { cn: 'c', validFrom: before },
    { cn: 'd', validFrom: '2027-02-01' }, { cn: 'e' }
  ]
  const expected = [before, after, '2027-02-01', '2027-03-01'].map((moment) => Date.parse(moment))
  t.ok(String(expected[0]) > String(expected[1]), 'as texts they would come in another order')
  for (const from of [Infinity, 0]) {
    packFrom(t, from)
    const groups = compileGroups({ all: own, none: { cn: 'x' } })
    for (const [what, rules, moments] of [
      ['rules', own, expected], ['a group', ['all', 'none'], expected], ['rules and a group', [{ cn: 'y', validFrom: '2027-02-01' }, 'all'], expected],
      ['no period', ['none', { cn: 'x' }], []], ['one', { cn: 'x', validUntil: after }, expected.slice(1, 2)]
    ] as const) {
      const { moments: found, temporary } = compileRules(rules as never, { groups })
      t.same(found, moments, what)
      t.ok(Object.isFrozen(found) && Object.isFrozen(temporary), what)
      t.equal(temporary.length > 0, moments.length > 0, what)
    }
    t.same(createGroupMatcher(groups).moments, expected)
    t.same(createGroupMatcher(compileGroups({ none: { cn: 'x' } })).moments, [])
  }
})
