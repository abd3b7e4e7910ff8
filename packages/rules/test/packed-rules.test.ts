import { createPartialIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { rounds, seedOf } from '../../../test/fuzz/draws.ts'
import { compileGroups, compileRules, createGroupMatcher } from '../src/index.ts'
import type { Authorizer, ReadRequestValue, Verdict } from '../src/index.ts'
import { OpenedRuleSets, compileAny, compileWith, packRuleSets } from '../src/internal.ts'
import type { PackedRuleSets } from '../src/internal.ts'
import { Random } from './naive/random.ts'
import { randomIdentity, randomQuestion, randomRuleSet } from './naive/generate.ts'
import { packFrom } from './pack-from.ts'

const named = (cn: string, o = 'Acme'): PeerIdentity => createPartialIdentity({ subject: `CN=${cn},O=${o}` })
const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at))
const requestValue: ReadRequestValue = (request: Record<string, readonly string[]>, source, name) => {
  return request[`${source} ${name}`] ?? []
}

/** Octets of all lists of numbers within a value. */
function octetsIn (value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength
  if (typeof value !== 'object' || value === null) return 0
  return Object.values(value).reduce((sum: number, one) => sum + octetsIn(one), 0)
}

function pack (groups: unknown, sets: PackInput['sets'] = [], given: Partial<PackInput> = {}): PackedRuleSets {
  return packRuleSets({
    groups, groupsPath: 'groups', sets, otherGroups: [], authorities: undefined, now: 0, ...given
  })
}
type PackInput = Parameters<typeof packRuleSets>[0]

test('a rule of two short values takes less than 250 octets', async (t) => {
  const count = 20_000
  const { tables } = pack({ all: many(count, (at) => ({ cn: `service-${at}`, o: 'Acme' })) })
  t.ok(octetsIn(tables) / count < 250, `${octetsIn(tables) / count}`)
  const values = pack({ all: { cn: many(count, (at) => `service-${at}`) } })
  t.ok(octetsIn(values.tables) / count < 100, `${octetsIn(values.tables) / count}`)
})

test('sets that cross a thread decide as before', async (t) => {
  const seed = seedOf(20261129)
  t.comment(`seed ${seed}`)
  const random = new Random(seed)
  let [asked, allowed] = [0, 0]
  for (let set = 0; set < Math.max(40, rounds(300)); set++) {
    const { rules, groups } = randomRuleSet(random)
    let question = randomQuestion(random)
    const now = (): number => question.now
    const options = { groups: groups as never, requestValue, now }
    let authorizer: Authorizer
    try {
      authorizer = compileRules(rules as never, options)
    } catch {
      // A rule that excludes itself, which chance makes now and then.
      t.throws(() => pack(groups, [{ path: 'rules', rules }]))
      continue
    }
    const opened = new OpenedRuleSets(structuredClone(pack(groups, [{ path: 'rules', rules }], { now: now() })))
    const compiled = compileWith({}, {}, opened)
    const packed = compileAny(opened.ruleSet('rules') as never, { groups: compiled as never, requestValue, now })
    t.same(packed.requestValues.map(({ path }) => path).sort(), authorizer.requestValues.map(({ path }) => path).sort())
    t.same(packed.temporary.map(({ path }) => path).sort(), authorizer.temporary.map(({ path }) => path).sort())
    t.same(packed.moments, authorizer.moments)
    t.equal(packed.size, authorizer.size)
    t.equal(packed.describe(), authorizer.describe())
    t.same([...packed.warnings].sort(), [...authorizer.warnings].sort())
    const matchers = [compileGroups(groups as never), compiled].map((one) => {
      return createGroupMatcher(one as never, { requestValue, now })
    })
    for (let at = 0; at < 6; at++) {
      const peer = randomIdentity(random)
      question = randomQuestion(random)
      const verdict = authorizer.authorize(peer, question.request) as Verdict
      const [names, packedNames] = matchers.map((matcher) => matcher.match(peer, question.request))
      asked++
      if (verdict.allowed) allowed++
      const found = packed.authorize(peer, question.request) as Verdict
      // Whether the certificate or the request leaves something open depends on what is asked first.
      const isOpen = !verdict.allowed && !found.allowed && found.reason !== 'no_match' && verdict.reason !== 'no_match'
      if (!isOpen) t.same(found, verdict)
      t.same(packedNames, names)
      t.equal(packed.explain(peer, question.request).closest?.result === 'match', verdict.allowed)
    }
  }
  t.ok(allowed > asked / 20, `${allowed} of ${asked} allowed`)
})

test('groups in code and packed ones name each other', async (t) => {
  const data = pack({ partners: [{ cn: 'a' }, 'staff'], alone: 'staff' }, [{ path: 'routes', rules: 'partners' }], {
    otherGroups: ['staff', 'both']
  })
  const opened = new OpenedRuleSets(data)
  const groups = compileWith({ staff: { o: 'Acme' }, both: ['partners', { cn: 'z' }] }, {}, opened)
  t.same([...groups.names], ['staff', 'both', 'partners', 'alone'])
  t.equal(opened.has('partners'), true)
  t.equal(opened.has('staff'), false)
  t.equal(opened.group('staff'), undefined)
  t.equal(opened.ruleSet('nothing'), undefined)
  const routes = compileAny(opened.ruleSet('routes') as never, { groups })
  t.same(routes.authorize(named('x')), { allowed: true, rule: 0, group: 'partners' })
  t.same(routes.authorize(named('x', 'Other')), { allowed: false, reason: 'no_match' })
  t.same(createGroupMatcher(groups).match(named('a', 'Other')), ['both', 'partners'])
  t.same(createGroupMatcher(groups).match(named('x')), ['staff', 'both', 'partners', 'alone'])
  const cyclic = new OpenedRuleSets(pack({ a: ['b'] }, [], { otherGroups: ['b'] }))
  t.throws(() => compileWith({ b: [{ cn: 'x' }, 'a'] }, {}, cyclic), {
    reason: 'group_cycle', message: /b > a > b/
  } as never)
})

test('what cannot be packed is refused', async (t) => {
  t.throws(() => pack({ a: [() => true] }), { reason: 'wrong_type', path: 'groups.a[0]' } as never)
  t.throws(() => pack({ a: ['b'] }), { reason: 'unknown_group', path: 'groups.a[0]' } as never)
  t.throws(() => pack({ '': { cn: 'a' } }), { reason: 'empty' } as never)
  t.throws(() => pack({}, [{ path: 'defaultRules', rules: [] }]), { reason: 'empty', path: 'defaultRules' } as never)
  const authorities = [{ name: 'a', vouchesFor: () => false, mayClaim: () => false }]
  t.throws(() => pack({ a: { cn: 'x' } }, [], { authorities }), { reason: 'never_matches', path: 'groups.a.cn' } as never)
})

test('texts of any characters are found, and no others', async (t) => {
  packFrom(t, 0)
  const texts = ['a', 'ü', 'ÿ', 'Ā', 'ключ', '鍵', '😀', 'ü鍵', `${'x'.repeat(70_000)}鍵`, 'ab', 'ba', '\u0000', 'a\u0000']
  const authorizer = compileRules(texts.map((cn) => ({ cn })))
  for (const [rule, text] of texts.entries()) {
    const escaped = text.replaceAll('\u0000', '\\00')
    t.match(authorizer.authorize(named(escaped)), { allowed: true, rule })
    t.match(authorizer.authorize(named(`${escaped}!`)), { allowed: false })
  }
})

test('warnings of packed rules are listed, and the rest counted', async (t) => {
  const authorizer = compileRules(many(2_000, (at) => ({ cn: `service-${at}` })))
  t.equal(authorizer.warnings.length, 21)
  t.match(authorizer.warnings[0], /^rules\[0\]: matches cn only/)
  t.equal(authorizer.warnings[20], 'and 1980 more rules like these')
  const groups = compileGroups(Object.fromEntries(many(1_500, (at) => [`g${at}`, { cn: `service-${at}` }])))
  const all = compileRules([...groups.names, { cn: 'x' }], { groups })
  t.equal(all.warnings.length, 21)
  t.equal(all.warnings[20], 'and 1481 more rules like these')
  t.same(compileRules(['g1400'], { groups }).warnings, ['and 1 more rules like these'])
  t.same(compileRules(many(2_000, (at) => ({ spiffe: `spiffe://td/${at}` }))).warnings, [])
})

test('a rule with many values is explained by the first ones', async (t) => {
  const authorizer = compileRules([
    { cn: many(3_000, (at) => `service-${at}`), o: 'Acme' },
    { o: 'Other', not: many(1_500, (at) => ({ cn: `blocked-${at}`, ou: 'x' })) },
    { cn: 'a', via: { cn: many(1_500, (at) => `gateway-${at}`) } }
  ])
  t.same(authorizer.authorize(named('service-2999')), { allowed: true, rule: 0, group: undefined })
  const refused = authorizer.explain(named('service-3000'))
  t.match(refused.closest, { path: 'rules[0]', matched: ['o'], failed: [{ key: 'cn', expectedCount: 3_000 }] })
  t.equal(refused.closest?.failed[0]?.expected.length, 5)
  t.equal(authorizer.explain(named('service-2999')).closest?.result, 'match')
  const blocked = createPartialIdentity({ subject: 'CN=blocked-1400,OU=x,O=Other' })
  t.match(authorizer.authorize(blocked), { allowed: false, reason: 'no_match' })
  t.match(authorizer.authorize(named('blocked-1400', 'Other')), { allowed: true, rule: 1 })
  t.match(authorizer.explain(blocked).closest, { path: 'rules[1]', failed: [{ key: 'not', expectedCount: 1_500 }] })
  t.match(authorizer.describe(), /CN is "service-0" or .* or 2995 more and O is "Acme"/)
})

test('of many rules, the closest are explained', async (t) => {
  const authorizer = compileRules(many(1_200, (at) => ({
    cn: `service-${at}`, o: 'Acme', validFrom: '2020-01-01', not: { ou: 'old' }
  })))
  const { closest, rules } = authorizer.explain(named('service-700', 'Other'))
  t.match(closest, { path: 'rules[700]', matched: ['cn', 'validFrom'], failed: [{ key: 'o' }] })
  t.equal(rules.length, 10)
  t.equal(authorizer.explain(named('service-700')).closest?.result, 'match')
  t.equal(authorizer.describe().split('\n').length, 51)
})

test('a small set of a store is explained again without being read again', async (t) => {
  packFrom(t, 0)
  const authorizer = compileRules(many(3, (at) => ({ cn: `service-${at}` })))
  t.equal(authorizer.explain(named('x')).rules.length, 3)
  t.equal(authorizer.explain(named('service-1')).closest?.path, 'rules[1]')
})

test('rules that are read again are read in any number', async (t) => {
  const authorizer = compileRules(many(12_000, (at) => ({ cn: [`service-${at}`, { param: 'id' }] })), { requestValue })
  for (const at of [0, 5_000, 11_999]) t.match(authorizer.authorize(named(`service-${at}`)), { allowed: true, rule: at })
  t.match(authorizer.authorize(named('x'), { 'param id': ['x'] }), { allowed: true, rule: 0 })
  t.match(authorizer.authorize(named('x'), { 'param id': ['y'] }), { allowed: false, reason: 'no_match' })
  t.match(authorizer.authorize(named('x'), {}), { allowed: false, reason: 'incomplete_request' })
})

test('groups do not depend on what the rule sets beside them depend on', async (t) => {
  const rules = [{ cn: { param: 'id' } }, { cn: 'y', validUntil: '2027-02-01' }]
  const [free, bound] = [{ a: { cn: 'x' } }, { a: { cn: 'x' }, b: rules }].map((groups) => {
    return createGroupMatcher(compileWith({}, {}, new OpenedRuleSets(pack(groups, [{ path: 'rules', rules }, { path: 'more', rules }]))))
  })
  t.match(free, { usesRequest: false, temporary: [], moments: [] })
  t.match(bound, { usesRequest: true, temporary: [{ path: 'groups.b[1]' }], moments: [Date.parse('2027-02-01')] })
})

test('many nested rules of which nothing is known neither allow nor rule out', async (t) => {
  const unknown = createPartialIdentity({ serialNumber: '01' })
  const some = createPartialIdentity({ subject: 'CN=service-4,O=Acme' })
  const others = many(20, (at) => ({ cn: `service-${at}`, ou: `u${at}` }))
  const mixed = many(20, (at) => at % 2 === 0 ? { cn: `service-${at}`, dns: `d${at}` } : { ou: `u${at}`, dns: 'd' })
  for (const from of [Infinity, 0]) {
    packFrom(t, from)
    for (const nested of [others, mixed, [...others, { fingerprint: 'f'.repeat(64) }]]) {
      const { length } = nested
      const verdict = (rule: object, peer: PeerIdentity): unknown => compileRules([rule]).authorize(peer)
      const open = { allowed: false, reason: 'incomplete_identity' }
      t.same(verdict({ serialNumber: '01', issuer: 'CN=CA', not: nested }, createPartialIdentity({ serialNumber: '01', issuer: 'CN=CA' })), open, `${length}`)
      const through = (gateway: PeerIdentity): PeerIdentity => createPartialIdentity({ serialNumber: '01', source: 'forwarded', via: [gateway] })
      t.same(verdict({ via: nested }, through(unknown)), open)
      t.same(verdict({ via: nested, cn: 'x' }, createPartialIdentity({ subject: 'CN=y', source: 'forwarded', via: [unknown] })), { allowed: false, reason: 'no_match' })
      t.same(verdict({ o: 'Acme', not: nested }, some), nested === others ? { allowed: true, rule: 0, group: undefined } : open, 'some of it is known')
      t.same(verdict({ via: nested }, through(some)), nested === others ? { allowed: false, reason: 'no_match' } : open)
    }
  }
})

test('identities that lack fields are answered for any of them', async (t) => {
  const authorizer = compileRules([
    ...many(800, (at) => ({ cn: `service-${at}`, dns: `d${at}.example`, serialNumber: '01', issuer: 'CN=CA' })),
    ...many(800, (at) => ({ fingerprint: at.toString(16).padStart(64, '0'), not: { o: 'Acme' } }))
  ])
  const combinations: Parameters<typeof createPartialIdentity>[0][] = many(31, (at) => at + 1).filter((bits) => (bits & 23) !== 0).map((bits) => ({
    ...(bits & 1 && { subject: 'CN=service-5' }),
    ...(bits & 2 && { subjectAltNames: { dns: ['d5.example'] } }),
    ...(bits & 4 && { serialNumber: '01' }),
    ...(bits & 8 && { issuer: 'CN=CA' }),
    ...(bits & 16 && { fingerprint256: 'f'.repeat(64) })
  }))
  for (const fields of combinations) {
    const isWhole = ['subject', 'subjectAltNames', 'serialNumber', 'issuer'].every((name) => name in fields)
    const verdict = authorizer.authorize(createPartialIdentity(fields))
    t.match(verdict, isWhole ? { allowed: true, rule: 5 } : { allowed: false, reason: 'incomplete_identity' })
  }
  const stranger = createPartialIdentity({
    subject: 'CN=x', subjectAltNames: { dns: [] }, serialNumber: '02', issuer: 'CN=CA', fingerprint256: 'f'.repeat(64)
  })
  t.match(authorizer.authorize(stranger), { allowed: false, reason: 'no_match' })
})
