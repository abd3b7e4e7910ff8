import { test } from 'tap'
import { lintRules } from '../src/index.ts'
import type { LintOptions } from '../src/index.ts'

const NOW = Date.parse('2026-12-01')

/** What is found about one set, `kind path` each. */
function find (rules: unknown, options: LintOptions = {}): string[] {
  return lintRules([{ path: 'rules', rules }], { now: () => NOW, ...options }).map(({ kind, path }) => `${kind} ${path}`)
}

test('finds nothing wrong with good rules', async (t) => {
  t.same(find(['a', { ou: 'x' }, { cn: { param: 'id' } }], { groups: { a: { cn: 'a' } } }), [])
  t.same(find({ cn: 'a', validFrom: '2026-01-01', validUntil: '2028-01-01' }), [])
  t.same(lintRules([]), [])
})

test('goes on after the first mistake', async (t) => {
  t.same(find([{ cnn: 'a' }, { cn: 'b', not: { cn: 'b' } }, 'nobody', { cn: [] }, [{ cn: 'a' }], { cn: 'fine' }], {
    groups: { bad: [{ dns: '*' }, { uri: 'x' }], worse: {} }
  }), [
    'contradictory groups.bad[0].dns', 'contradictory groups.bad[1].uri', 'invalid groups.worse', 'invalid rules[0].cnn',
    'contradictory rules[1].not', 'invalid rules[2]', 'invalid rules[3].cn', 'invalid rules[4]', 'unused_group groups.bad',
    'unused_group groups.worse'
  ])
  t.same(find('a', { groups: { a: 'b', b: ['a'] } }), ['invalid groups.b[0]'])
  t.same(find({ cn: 'a' }, { groups: [] }), ['invalid groups'])
  t.same(find([]), ['invalid rules'])
})

test('a rule that an earlier one covers is shadowed', async (t) => {
  for (const [earlier, later] of [
    [{ cn: 'a' }, { cn: 'a' }], [{ cn: 'a' }, { commonName: 'a', ou: 'b' }], [{ cn: ['a', 'b'] }, { cn: 'b' }],
    [{ dns: '*.a.example' }, { dns: 'x.a.example' }], [{ dns: '*.a.example' }, { dns: ['X.A.example', '*.a.example'] }],
    [{ spiffe: 'spiffe://td' }, { spiffe: 'spiffe://td/a/*' }], [{ spiffe: 'spiffe://td/**' }, { spiffe: 'spiffe://td/a' }],
    [{ spiffe: 'spiffe://td/a/**' }, { spiffe: 'spiffe://td/a/b/*' }], [{ uri: 'https://h/*' }, { uri: 'https://h/a' }],
    [{ ip: '10.0.0.0/8' }, { ip: '10.1.0.0/16' }], [{ ip: '2001:db8::/32' }, { ip: '2001:db8::1' }],
    [{ subject: { o: 'a' } }, { subject: { o: 'a', cn: 'b' } }], [{ o: 'a' }, { subject: { o: 'a', cn: 'b' } }],
    [{ cn: 'a', not: { ou: 'x' } }, { not: { ou: 'x' }, cn: 'a', o: 'y' }], [{ via: { cn: 'g' } }, { cn: 'a', via: { cn: 'g' } }],
    [{ cn: { param: 'id' } }, { cn: { param: 'id' }, o: 'x' }], [{ cn: 'a' }, { cn: 'a', validUntil: '2028-01-01' }],
    [{ trustDomain: 'td' }, { spiffe: 'spiffe://td/a' }], [{ spiffe: 'spiffe://td' }, { trustDomain: 'td' }],
    [{ otherName: { oid: '1.2.3' } }, { otherName: { oid: '1.2.3', value: ['a', { raw: '00' }] } }],
    [{ extension: { oid: '1.2.3' } }, { extension: { oid: '1.2.3', value: 'a', critical: true } }],
    [{ qualified: { type: 'web' } }, { qualified: { type: '0.4.0.1862.1.6.3', psd2: { roles: 'PSP_AI' } } }],
    [{ admission: { profession: 'a' } }, { admission: { profession: 'a', registrationNumber: '1' } }],
    [{ directoryName: { o: 'a', cn: 'b' } }, { directoryName: { o: 'a', cn: 'b' }, upn: 'a@b' }],
    [{ cn: 'a', validUntil: '2029-01-01' }, { cn: 'a', validUntil: '2028-01-01' }], [{ not: { cn: 'a' } }, { not: { cn: 'a' }, o: 'b' }]
  ] as const) t.ok(find([earlier, later]).includes('shadowed rules[1]'), JSON.stringify([earlier, later]))
  for (const [earlier, later] of [
    [{ cn: 'a' }, { cn: 'b' }], [{ cn: 'a', ou: 'b' }, { cn: 'a' }], [{ cn: 'b' }, { cn: ['a', 'b'] }],
    [{ dns: '*.a.example' }, { dns: 'x.y.a.example' }], [{ dns: '*.a.example' }, { dns: 'a.example' }],
    [{ dns: 'x.a.example' }, { dns: '*.a.example' }], [{ spiffe: 'spiffe://td' }, { spiffe: 'spiffe://td2/a' }],
    [{ spiffe: 'spiffe://td/*' }, { spiffe: 'spiffe://td/a/b' }], [{ spiffe: 'spiffe://td/a' }, { spiffe: 'spiffe://td' }],
    [{ uri: 'https://h/*' }, { uri: 'https://h/a/b' }], [{ uri: 'https://h/*' }, { uri: 'https://h' }],
    [{ ip: '10.0.0.0/8' }, { ip: '11.0.0.1' }], [{ ip: '10.0.0.0/16' }, { ip: '10.0.0.0/8' }], [{ ip: '::/1' }, { ip: '10.0.0.1' }],
    [{ cn: 'a', not: { ou: 'x' } }, { cn: 'a' }], [{ cn: 'a', not: { ou: 'x' } }, { cn: 'a', not: { ou: 'y' } }],
    [{ cn: { param: 'id' } }, { cn: { query: 'id' } }], [{ cn: { param: 'id' } }, { cn: 'a' }],
    [{ cn: 'a', validUntil: '2028-01-01' }, { cn: 'a' }], [{ cn: 'a', validFrom: '2027-01-01' }, { cn: 'a', validFrom: '2026-01-01' }],
    [{ trustDomain: 'td' }, { spiffe: 'spiffe://td.x/a' }], [{ otherName: { oid: '1.2.3' } }, { otherName: { oid: '1.2.4', value: 'a' } }],
    [{ extension: { oid: '1.2.3', value: 'a' } }, { extension: { oid: '1.2.3' } }],
    [{ extension: { oid: '1.2.3' } }, { extension: { oid: '1.2.3.4', value: 'a' } }],
    [{ otherName: { oid: '1.2.3' } }, { extension: { oid: '1.2.3', value: 'a' } }],
    [{ admission: { profession: 'a', registrationNumber: '1' } }, { admission: { profession: 'a' } }],
    [{ directoryName: { o: 'a', cn: 'b' } }, { directoryName: { o: 'a', cn: 'c' } }],
    [{ subject: 'CN=a' }, { cn: 'a' }], [{ spiffe: 'spiffe://td/a' }, { uri: 'spiffe://td/a' }]
  ] as const) t.notOk(find([earlier, later]).includes('shadowed rules[1]'), JSON.stringify([earlier, later]))
})

test('a rule of a group is reported where it stands, and not for each set that names the group', async (t) => {
  const groups = { a: [{ cn: 'a' }, { cn: 'a', ou: 'b' }], b: { ou: 'x' } }
  t.same(find(['a', { ou: 'x' }, 'b', { cn: 'a', o: 'y' }], { groups }), ['shadowed groups.a[1]', 'shadowed rules[3]'])
  const many = Array.from({ length: 3000 }, (_, index) => ({ cn: `c${index}` }))
  t.same(find([...many, { cn: 'c7' }, { cn: 'c8', ou: 'x' }]), ['shadowed rules[3000]'], 'of many, only equal ones are compared')
})

test('a group that an entry before contains is unreachable', async (t) => {
  const groups = { all: ['a', 'b'], a: { cn: 'a' }, b: { cn: 'b' } }
  t.same(find(['all', 'b', 'all', { cn: 'z' }], { groups }), ['unreachable rules[1]', 'unreachable rules[2]'])
  t.same(find(['b', 'all'], { groups }), [])
})

test('groups that nobody names', async (t) => {
  const groups = { a: 'b', b: { cn: 'b' }, c: 'd', d: { cn: 'd' }, 'e f': { cn: 'e' } }
  t.same(find('a', { groups }), ['unused_group groups.c', 'unused_group groups.d', 'unused_group groups["e f"]'])
  t.same(find('a', { groups, usedGroups: ['c'] }), ['unused_group groups["e f"]'])
})

test('groups that are defined elsewhere may be named, and are not defined twice', async (t) => {
  const groups = { a: ['code', { cn: 'a' }] }
  t.same(find(['a', 'other'], { groups }), ['invalid groups.a[0]', 'invalid rules[1]'])
  t.same(find(['a', 'other'], { groups, otherGroups: ['code', 'other', 'more'] }), [])
  t.same(find('a', { groups, otherGroups: ['code', 'a'] }), ['invalid groups.a'])
})

test('over-broad rules, rules that can be evaded, and rules that have ended or soon end', async (t) => {
  t.same(find([
    { not: { cn: 'a' } }, { via: { cn: 'g' } }, { dns: '*.example' }, { dns: ['a.example', '*.internal'] }, { ip: '10.0.0.0/7' },
    { ip: ['10.0.0.0/8', '2000::/15'] }, { ou: 'a*' }, { uri: 'spiffe://td/a' },
    { ou: 'a', not: { fingerprint: 'ab'.repeat(32) } }, { cn: 'a', validUntil: '2026-11-30' },
    { cn: 'b', validUntil: '2026-12-31' }, { cn: 'c', validUntil: '2027-01-01' }
  ]), [
    'over_broad rules[0]', 'over_broad rules[1]', 'over_broad rules[2].dns', 'over_broad rules[3].dns[1]',
    'over_broad rules[4].ip', 'over_broad rules[5].ip[1]', 'literal rules[6].ou', 'literal rules[7].uri',
    'evadable rules[8].not.fingerprint', 'ended rules[9]', 'ends_soon rules[10]'
  ])
  t.same(find({ cn: 'c', validUntil: '2027-01-01' }, { endsWithin: 40 * 86_400_000 }), ['ends_soon rules'])
})

test('names that several authorities may claim, if the authorities are known', async (t) => {
  const authority = (name: string, kinds: readonly string[]): any => ({
    name, vouchesFor: (kind: string) => kinds.includes(kind), mayClaim: () => true
  })
  const authorities = [authority('a', ['subject', 'dns']), authority('b', ['subject'])]
  t.same(find([{ cn: 'x' }, { cn: 'y', authority: 'a' }, { cn: 'z', not: { dns: 'q' } }, { cn: 'w', authority: 'c' }], { authorities }), [
    'invalid rules[3].authority', 'several_authorities rules[0]', 'never_matched rules[2].not'
  ])
  t.same(find({ cn: 'x' }), [])
  const later = { ...authority('later', ['spiffe']), awaits: (name: string) => name === 'td' }
  t.same(find([{ authority: 'td', spiffe: 'spiffe://td/a' }, { trustDomain: 'td' }], { authorities: [...authorities, later] }), [
    'awaited rules[0]', 'awaited rules[1]'
  ])
  const other = { ...authority('other', ['dns']), awaits: (name: string) => name === 'te' }
  t.same(find([{ authority: 'td', dns: 'a' }, { authority: 'te', dns: 'a' }, { authority: ['td', 'te'], dns: 'a' }], { authorities: [later, other] }), [
    'contradictory rules[0]', 'awaited rules[1]', 'awaited rules[2]'
  ], 'an authority that is added vouches for what it says, and not for what another one says')
  t.throws(() => lintRules([], { authorities: 1 as never }))
  t.throws(() => lintRules([], { endsWithin: -1 }))
})
