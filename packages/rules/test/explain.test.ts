import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { createPartialIdentity, parsePeerIdentity } from '@peerkit/identity'
import type { KnownIdentity } from '@peerkit/identity'
import { compileRules, explain } from '../src/index.ts'
import type { AllowRule } from '../src/index.ts'

const ca = await createDevCa({ name: 'Explaining CA' })
const web = parsePeerIdentity(
  (await ca.issue({ cn: 'web', o: 'Acme', ou: 'ops', dns: 'web.internal', spiffe: 'spiffe://td/ns/ops/sa/web' })).der
)

test('shows the rule that came closest, what it expected and what was found', async (t) => {
  const rules = [
    { cn: 'other' }, { o: 'Acme', ou: ['billing', 'finance'], dns: '*.internal' }, { o: 'Other', ou: 'ops' }
  ]
  const { verdict, closest, rules: ranked, peer, predicates } = explain(rules, web, { path: 'config.allowedClients' })
  t.same(verdict, { allowed: false, reason: 'no_match' })
  t.same(closest, {
    rule: 1,
    group: undefined,
    path: 'config.allowedClients[1]',
    result: 'mismatch',
    matched: ['o', 'dns'],
    failed: [{
      key: 'ou',
      path: 'config.allowedClients[1].ou',
      result: 'mismatch',
      expected: ['"billing"', '"finance"'],
      expectedCount: 2,
      found: ['ops'],
      isClaim: false,
      note: undefined,
      within: undefined
    }],
  })
  t.same(ranked.map(({ rule }) => rule), [1, 2, 0])
  t.equal(peer, web.toString())
  t.equal(predicates, 0)
})

test('says that the certificate is not valid at the time of the rules', async (t) => {
  const { notBefore = NaN, notAfter = NaN } = web
  const at = (time: number) => explain([{ cn: 'web' }], web, { now: () => time })
  t.notOk('validity' in at(notBefore))
  t.notOk('validity' in at(notAfter + 999), 'the second of notAfter is valid')
  t.equal(at(notAfter + 1000).validity, 'expired')
  t.equal(at(notBefore - 1).validity, 'not_yet_valid')
  t.equal(String(at(notAfter + 1000)), `allowed by rule 0\npeer: ${web}, expired`)
  t.equal(String(at(notBefore - 1)), `allowed by rule 0\npeer: ${web}, not valid yet`)
  const described = createPartialIdentity({ subject: 'CN=web' })
  t.notOk('validity' in explain([{ cn: 'web' }], described), 'dates that are not known are no dates in the past')
})

test('reads as a text for logs', async (t) => {
  const text = String(explain([{ o: 'Acme', ou: 'billing' }, () => true], web))
  t.equal(text, [
    'not allowed by the rules: no_match',
    `peer: ${web}`,
    'closest: rules[0]; o holds',
    '  ou: expected "billing", found "ops"',
    '1 predicate was not called',
  ].join('\n'))
  t.equal(
    String(explain(['ops'], web, { groups: { ops: { ou: 'ops' } } })), `allowed by rule 0, group "ops"\npeer: ${web}`
  )
  t.equal(String(explain([{ cn: 'web' }], web)), `allowed by rule 0\npeer: ${web}`)
  t.match(String(explain([{ ou: 'x' }, () => true, () => false], web)), /2 predicates were not called$/)
  t.equal(String(explain([{ ou: 'x' }], undefined)), 'not allowed by the rules: no_identity\npeer: none')
})

test('asks no predicate and changes nothing', async (t) => {
  const authorizer = compileRules([() => t.fail('it was asked'), { cn: 'x' }])
  const first = authorizer.explain(web)
  t.same(first, authorizer.explain(web))
  t.equal(first.predicates, 1)
  t.same(first, explain([() => true, { cn: 'x' }], web))
})

test('shows the rule that matched', async (t) => {
  const { verdict, closest } = explain(
    [{ cn: 'x' }, 'ops', { o: 'Acme' }], web, { groups: { ops: [{ ou: 'x' }, { ou: 'ops', cn: 'web' }] } }
  )
  t.same(verdict, { allowed: true, rule: 1, group: 'ops' })
  t.match(closest, { rule: 1, group: 'ops', path: 'groups.ops[1]', result: 'match', matched: ['ou', 'cn'], failed: [] })
})

test('tells a near miss from a miss', async (t) => {
  const partial = (known: KnownIdentity): ReturnType<typeof createPartialIdentity> => createPartialIdentity(known)
  const cases: [AllowRule, KnownIdentity | undefined, RegExp | undefined][] = [
    [{ cn: 'Web' }, undefined, /differs only in case/], [{ cn: 'web ' }, undefined, /spaces at its ends/],
    [{ cn: 'x' }, undefined, undefined],
    [
      { dns: 'web' }, { subject: 'CN=WEB', subjectAltNames: { dns: [] } },
      /common name has this value, but it is never used/
    ], [{ dns: 'x' }, { subject: 'CN=a', subjectAltNames: { dns: ['y'] } }, undefined],
    [{ cn: 'a' }, { subject: 'O=a' }, /has no common name/],
    [{ spiffe: 'spiffe://td/x' }, { subjectAltNames: { uri: [] } }, /no URI name/],
    [
      { spiffe: 'spiffe://td/x' }, { subjectAltNames: { uri: ['spiffe://td/x', 'urn:a:b'] } },
      /2 URI names; an X.509-SVID has exactly one/
    ],
    [{ spiffe: 'spiffe://td/x' }, { subjectAltNames: { uri: ['urn:a:b'] } }, /not a SPIFFE ID/],
    [{ spiffe: 'spiffe://td/x' }, { subjectAltNames: { uri: ['spiffe://TD/x'] } }, /not a valid X.509-SVID/],
    [{ spiffe: 'spiffe://td/x' }, undefined, undefined], [{ trustDomain: 'te' }, undefined, undefined],
    [{ trustDomain: 'td' }, { subjectAltNames: { uri: ['urn:a:b'] } }, /not a SPIFFE ID/],
    [{ via: { cn: 'gw' } }, { subject: 'CN=a', source: 'tls' }, /came directly/],
    [{ issuer: 'CN=x' }, { subject: 'CN=a' }, /does not include it/],
    [{ not: { issuer: 'CN=x' } }, { subject: 'CN=a' }, /too little is known to rule it out/],
    [{ via: { cn: 'gw' } }, { subject: 'CN=a' }, /does not include it/],
    [{ subject: { cn: 'Web' } }, { subject: 'CN=x' }, undefined],
  ]
  for (const [rule, known, note] of cases) {
    const failed = explain([rule], known === undefined ? web : partial(known)).closest?.failed[0]
    if (note === undefined) t.equal(failed?.note, undefined, JSON.stringify(rule))
    else t.match(failed?.note, note, JSON.stringify(rule))
  }
})

test('prefers a near miss among rules that fail alike', async (t) => {
  t.equal(explain([{ cn: 'x' }, { cn: 'WEB' }, { cn: 'y' }], web).closest?.rule, 1)
  t.equal(
    explain([{ cn: 'x', not: { ou: 'y' } }, { o: 'Acme', cn: 'y' }], web).closest?.rule,
    1,
    'a not that holds is no merit'
  )
})

test('says of unknown fields that they are unknown', async (t) => {
  const gateway = createPartialIdentity({ subject: 'CN=web', subjectAltNames: { dns: ['a'] } })
  const { verdict, closest } = explain([{ cn: 'web', email: 'a@b', fingerprint: 'ab'.repeat(32) }], gateway)
  t.same(verdict, { allowed: false, reason: 'incomplete_identity' })
  t.match(closest, {
    result: 'unknown',
    matched: ['cn'],
    failed: [
      { key: 'email', result: 'unknown', found: undefined }, { key: 'fingerprint', result: 'unknown', found: undefined }
    ]
  })
  t.match(
    String(explain([{ email: 'a@b' }], gateway)),
    /email: expected "a@b", found unknown \(the identity does not include it\)/
  )
  t.match(explain([{ cn: 'x', email: 'a@b' }], gateway).closest, { result: 'mismatch' })
})

test('looks into via and not', async (t) => {
  const gw = createPartialIdentity({ subject: 'CN=gw,O=Edge' })
  const peer = createPartialIdentity({ subject: 'CN=web,OU=suspended', via: [gw] })
  const through = explain([{ cn: 'web', via: [{ cn: 'x' }, { o: 'Edge', cn: 'edge' }] }], peer)
  t.match(through.closest?.failed[0], {
    key: 'via',
    found: ['CN=gw,O=Edge'],
    expectedCount: 2,
    within: {
      path: 'rules[0].via[1]', matched: ['o'], failed: [{ key: 'cn', path: 'rules[0].via[1].cn', found: ['gw'] }]
    }
  })
  t.match(
    String(through),
    /via: expected \(CN is "x"\) or \(O is "Edge" and CN is "edge"\), found "CN=gw,O=Edge"\n {4}gateway: rules\[0\]\.via\[1\]; o holds\n {6}cn: expected "edge", found "gw"/
  )
  const refused = explain([{ cn: 'web', not: [{ ou: 'x' }, { ou: 'suspended' }] }], peer)
  t.match(
    refused.closest?.failed[0], { key: 'not', within: { path: 'rules[0].not[1]', result: 'match', matched: ['ou'] } }
  )
  t.match(String(refused), /not: refuses \(OU is "x"\) or \(OU is "suspended"\), found "CN=web,OU=suspended/)
})

test('shortens what a certificate or a rule has too much of', async (t) => {
  const many = createPartialIdentity({
    subject: Array.from({ length: 50 }, (_, i) => `OU=${'x'.repeat(500)}${i}`).join(',')
  })
  const { closest } = explain([{ ou: Array.from({ length: 2000 }, (_, i) => `unit-${i}`) }], many)
  t.equal(closest?.failed[0]?.found?.length, 10)
  t.ok(closest?.failed[0]?.found?.every((text) => text.length === 256))
  t.match(closest?.failed[0], { expected: { length: 5 }, expectedCount: 2000 })
  t.match(String(explain([{ ou: Array.from({ length: 2000 }, (_, i) => `unit-${i}`) }], many)), /"unit-4" or 1995 more/)
  t.equal(explain(Array.from({ length: 5000 }, (_, i) => ({ cn: `x${i}` })), many).rules.length, 10)
})

test('shows values with what could forge a log line escaped', async (t) => {
  const peer = createPartialIdentity({ subject: 'CN=a\\0Aallowed by rule 0,O=x' })
  const text = String(explain([{ cn: 'a', o: 'x' }], peer))
  t.equal(text.split('\n').length, 4)
  t.match(text, /found "a\\nallowed by rule 0"/)
})

test('describes who may call', async (t) => {
  const authorizer = compileRules([
    'billing', { spiffe: 'spiffe://td/ns/ops/sa/*', issuer: { o: 'Acme', ou: ['a', 'b'] } },
    { cn: ['a', 'b', 'c', 'd', 'e', 'f', 'g'], not: { ou: 'suspended' } },
    { dns: '*.x', via: [{ cn: 'gw' }, { cn: 'gw2' }], not: [{ ip: '10.0.0.1' }, { email: 'a@b' }] }, () => true,
  ], { groups: { billing: [{ ou: 'billing' }, () => true] }, path: 'config.allowedClients' })
  t.equal(authorizer.describe(), [
    '- "billing": OU is "billing"',
    '- "billing": any peer that the predicate at groups.billing[1] allows',
    '- SPIFFE ID is "spiffe://td/ns/ops/sa/*" and issuer is any name with o "Acme" and ou "a" or "b"',
    '- CN is "a" or "b" or "c" or "d" or "e" or 2 more and not (OU is "suspended")',
    '- DNS name is "*.x" and the nearest gateway has (CN is "gw") or (CN is "gw2") and none of (IP address is ' +
      '"10.0.0.1") or (e-mail address is "a@b")',
    '- any peer that the predicate at config.allowedClients[4] allows',
  ].join('\n'))
})

test('warns of rules that any trusted CA can satisfy, and of wildcards where there are none', async (t) => {
  const warnings = (rule: AllowRule): readonly string[] => compileRules([rule], { path: 'r' }).warnings
  t.match(warnings({ cn: 'a' }), [/^r\[0\]: matches cn only.*"issuer"$/])
  t.match(warnings({ commonName: 'a', dns: 'b', not: { ou: 'x' } }), [/^r\[0\]: matches commonName, dns only/])
  for (const rule of [
    { cn: 'a', issuer: 'CN=x' }, { dns: 'a', fingerprint: 'ab'.repeat(32) }, { spiffe: 'spiffe://td' },
    { ou: 'a', publicKey: 'ab'.repeat(32) }
  ]) t.same(warnings(rule), [], JSON.stringify(rule))
  t.match(warnings({ not: { cn: 'a' } }), [/has only "not"/])
  t.match(warnings({ via: { cn: 'gw' } }), [/has no key for the peer's own certificate/])
  t.match(warnings({ cn: 'web-*', issuer: 'CN=x' }), [/^r\[0\]\.cn: "\*" is not a wildcard here/])
  t.match(warnings({ uri: 'spiffe://td/a', issuer: 'CN=x' }), [/^r\[0\]\.uri: "spiffe" would also require/])
  const all = compileRules(Array.from(
    { length: 100 }, (_, i) => i % 2 === 0 ? { cn: `a${i}` } : { spiffe: `spiffe://td/${i}` }
  )).warnings
  t.equal(all.length, 21)
  t.equal(all.at(-1), 'and 30 more rules like these')
})

test('a rule that is changed after it was compiled is told as it was', async (t) => {
  const extension = { oid: '1.2.3', value: 'blue' }
  const authorizer = compileRules([{ extension }])
  const before = authorizer.describe()
  t.match(before, /blue/)
  extension.value = 'red'
  t.equal(authorizer.describe(), before)
})
