import { createDevCa } from '@peerkit/dev-ca'
import { test } from 'tap'
import { folder } from './support/folder.ts'
import { peerkitHere } from './support/peerkit.ts'

const ca = await createDevCa()
const alice = await ca.issue({ cn: 'alice', ou: 'billing' })

const RULES = `
groups:
  billing: { ou: billing }
  guests: { o: Guest, validUntil: 2027-01-01 }
defaultRules: { cn: admin }
routes:
  GET /invoices: [billing, guests]
  GET /health: public
  GET /mine: authenticated
  GET /stations/:id: [{ cn: { param: id }, o: { header: X-Tenant } }]
  GET /partner: { spiffe: spiffe://partner.example/*, authority: partner, not: { dns: old.example } }
`
const TESTS = `
peers:
  alice: alice.pem
  CP1: { subject: "CN=CP1,O=Grid" }
  guest: { subject: O=Guest }
  partner: { spiffe: spiffe://partner.example/web, authority: partner }
  nobody: none
tests:
  - { route: GET /invoices, others: denied, expect: { alice: allowed, guest: allowed }, at: 2026-12-31T23:59:59Z }
  - { route: HEAD /invoices, expect: { alice: allowed, guest: denied }, at: 2027-01-01T00:00:00Z }
  - { route: GET /health, others: allowed }
  - { route: GET /mine, others: allowed, expect: { nobody: denied } }
  - { route: GET /stations/:id, params: { id: CP1 }, headers: { x-TENANT: Grid }, others: denied, expect: { CP1: allowed } }
  - { route: GET /stations/:id, params: { id: CP2 }, headers: { x-tenant: Grid }, expect: { CP1: denied } }
  - { route: GET /stations/:id, params: { id: CP1 }, headers: { x-tenant: [Grid, Grid] }, expect: { CP1: undecided } }
  - { route: GET /stations/:id, expect: { CP1: undecided } }
  - { route: GET /partner, others: denied, expect: { partner: allowed } }
  - { route: DELETE /x, others: denied }
`

test('rules test compares a table of peers, routes and answers', async (t) => {
  const file = folder(t, { 'alice.pem': alice.cert, 'rules.yaml': RULES, 'rules.test.yaml': TESTS })
  const run = await peerkitHere('rules', 'test', '--rules', file('rules.yaml'), '--tests', file('rules.test.yaml'))
  t.equal(run.code, 0, run.out)
  t.match(run.out, 'ok      tests[0] GET /invoices: alice is allowed\n')
  t.match(run.out, /\n35 of 35 answers as expected\n$/)
})

test('the tests say who is in a group of the code', async (t) => {
  const tests = (codeGroups: string, bob = 'denied'): string => `
peers: { alice: { subject: CN=alice }, bob: { subject: CN=bob }, nobody: none }
codeGroups: ${codeGroups}
tests: [{ expect: { alice: allowed, bob: ${bob}, nobody: denied } }]
`
  const file = folder(t, {
    'rules.yaml': 'groups: { all: [admins, { cn: eve }] }\ndefaultRules: all\n',
    'tests.yaml': tests('{ admins: [alice], idle: [] }'),
    'other.yaml': tests('{ admins: [alice, bob] }'),
    'unknown.yaml': tests('{}'),
    'misspelt.yaml': tests('{ admins: [alcie] }'),
    'text.yaml': tests('{ admins: alice }'),
    'twice.yaml': tests('{ admins: [], all: [] }')
  })
  const run = (name: string, ...args: string[]): ReturnType<typeof peerkitHere> => {
    return peerkitHere('rules', 'test', '--rules', file('rules.yaml'), '--tests', file(name), ...args)
  }
  t.match(await run('tests.yaml'), { code: 0, out: /\n3 of 3 answers as expected\n$/ })
  t.match(await run('tests.yaml', '--quiet'), { code: 0, out: /^3 of 3 answers as expected\n$/ })
  t.match(await run('other.yaml', '--quiet'), {
    code: 1,
    out: /^not ok {2}tests\[0\]: bob is allowed, expected denied\n {10}allowed by a group of the code \(codeGroups\)\n2 of 3/
  })
  t.match(await run('unknown.yaml'), { code: 2, err: /found "admins".*or in codeGroups of the tests/ })
  t.match(await run('misspelt.yaml'), { code: 2, err: /codeGroups\.admins: unknown peer "alcie"; expected one of alice, bob/ })
  t.match(await run('text.yaml'), { code: 2, err: /codeGroups\.admins: found "alice"; expected a list of peers/ })
  t.match(await run('twice.yaml'), { code: 2, err: /found groups\.all, which is also named as a group of the code/ })
})

test('another answer fails, with the reason', async (t) => {
  const file = folder(t, {
    'rules.yaml': RULES,
    'rules.test.json': JSON.stringify({
      peers: { CP1: { subject: 'CN=CP1,O=Grid', dns: 'a.example', email: ['a@b.example'] }, nobody: 'none' },
      tests: [
        { route: 'GET /stations/:id', params: { id: 'CP2' }, headers: { 'x-tenant': 'Grid' }, expect: { CP1: 'allowed' } },
        { route: 'GET /mine', expect: { CP1: 'denied', nobody: 'denied' } }, { route: 'GET /minr', expect: { CP1: 'allowed' } }
      ]
    })
  })
  const args = ['rules', 'test', '--rules', file('rules.yaml'), '--tests', file('rules.test.json')]
  const { code, out } = await peerkitHere(...args)
  t.equal(code, 1)
  t.match(out, 'not ok  tests[0] GET /stations/:id: CP1 is denied, expected allowed\n')
  t.match(out, 'cn: expected the parameter "id" of the request, found "CP1" (the request has "CP2")')
  t.match(out, 'not ok  tests[1] GET /mine: CP1 is allowed, expected denied\n          allowed by "authenticated"\n')
  t.match(out, 'did you mean "GET /mine"?')
  t.match(out, /\n1 of 4 answers as expected\n$/)
  const json = JSON.parse((await peerkitHere(...args, '--json')).out)
  t.equal(json.passed, false)
  t.match(json.results.map(({ peer, answer, expected }: any) => [peer, answer, expected]), [
    ['CP1', 'denied', 'allowed'], ['CP1', 'allowed', 'denied'], ['nobody', 'denied', 'denied'], ['CP1', 'denied', 'allowed']
  ])
})

test('a rules file without routes needs no route', async (t) => {
  const file = folder(t, {
    'rules.json': '[{ "cn": "a", "authority": "x" }]',
    'alice.pem': alice.cert,
    'tests.yaml': 'peers: { a: { subject: CN=a, authority: x }, b: { cert: alice.pem, authority: x }, c: { cert: alice.pem } }\ntests: [{ others: denied, expect: { a: allowed } }]\n'
  })
  t.equal((await peerkitHere('rules', 'test', '--rules', file('rules.json'), '--tests', file('tests.yaml'))).code, 0)
})

test('peers may have every kind of name', async (t) => {
  const rules: readonly object[] = [
    { upn: 'anna@corp.example' }, { registeredId: '1.2.3' }, { directoryName: { cn: 'a', o: 'Grid' } },
    { keyUsage: 'digitalSignature' }, { trustDomain: 'td' }, { otherName: { oid: '1.3.6.1.4.1.311.20.2.3' } }
  ]
  const peers = {
    named: {
      upn: 'anna@CORP.example', registeredId: ['1.2.3'], directoryName: 'CN=a,O=Grid', keyUsage: 'digitalSignature', spiffe: 'spiffe://td/a'
    },
    bare: { subject: 'CN=bare' }
  }
  const file = folder(t, {
    'rules.json': JSON.stringify({ routes: Object.fromEntries(rules.flatMap((rule, at) => [[`GET /${at}`, rule], [`GET /not/${at}`, { not: rule }]])) }),
    'tests.json': JSON.stringify({
      peers,
      tests: rules.flatMap((_, at) => [
        { route: `GET /${at}`, expect: { named: 'allowed', bare: 'denied' } },
        { route: `GET /not/${at}`, expect: { named: 'denied', bare: 'allowed' } }
      ])
    })
  })
  const { code, out } = await peerkitHere('rules', 'test', '--rules', file('rules.json'), '--tests', file('tests.json'))
  t.equal(code, 0, out)
})

test('rules test refuses files that are none', async (t) => {
  const good = 'peers: { a: { subject: CN=a } }\ntests: '
  const wrong: Record<string, RegExp> = {
    hello: /found "hello"; expected YAML or JSON: \{ peers, codeGroups\?, tests \}/,
    'peers: {}\ntest: []': /unknown key "test"/,
    'peers: []\ntests: []': /peers: found \[\]; expected an object of peers/,
    'peers: {}\ntests: []': /tests is not a list/,
    'peers: { a: missing.pem }\ntests: [{ others: denied }]': /peers\.a: /,
    'peers: { a: 5 }\ntests: [{ others: denied }]': /peers\.a: found 5/,
    'peers: { a: { cn: x } }\ntests: [{ others: denied }]': /unknown key "cn"; expected one of subject/,
    'peers: { a: { dns: [5] } }\ntests: [{ others: denied }]': /peers\.a\.dns: found 5/,
    'peers: { a: { subject: [x] } }\ntests: [{ others: denied }]': /peers\.a\.subject: found \["x"\]; expected text/,
    'peers: { a: { keyUsage: signing } }\ntests: [{ others: denied }]': /peers\.a: .*signing/,
    'peers: { a: { subject: x } }\ntests: [{ others: denied }]': /peers\.a: /,
    [`${good}[5]`]: /tests\[0\]: found 5/,
    [`${good}[{}]`]: /tests\[0\]: expects nothing/,
    [`${good}[{ exptect: { a: allowed } }]`]: /unknown key "exptect"/,
    [`${good}[{ expect: { b: allowed } }]`]: /unknown peer "b"; expected one of a/,
    [`${good}[{ expect: { a: yes } }]`]: /expect\.a: found "yes"; expected allowed, denied or undecided/,
    [`${good}[{ others: denied, at: soon }]`]: /tests\[0\]\.at: found "soon"/,
    [`${good}[{ others: denied, route: 5 }]`]: /tests\[0\]\.route: found 5/,
    [`${good}[{ others: denied, params: x }]`]: /tests\[0\]\.params: found "x"/
  }
  for (const [text, message] of Object.entries(wrong)) {
    const file = folder(t, { 'rules.json': '[{ "cn": "a" }]', 'tests.yaml': text })
    t.match(await peerkitHere('rules', 'test', '--rules', file('rules.json'), '--tests', file('tests.yaml')), { code: 2, err: message }, text)
  }
})

test('explain compares with values of a request', async (t) => {
  const file = folder(t, { 'alice.pem': alice.cert, 'rules.yaml': 'routes: { GET /users/:name: { cn: { param: name }, ou: { header: X-Unit } } }' })
  const ask = async (...args: string[]): Promise<any> =>
    await peerkitHere('explain', '--cert', file('alice.pem'), '--rules', file('rules.yaml'), '--route', 'GET /users/:name', ...args)
  t.match(await ask('--param', 'name=alice', '--header', 'X-UNIT=billing'), { code: 0, out: /^allowed by rule 0/ })
  t.match(await ask('--param', 'name=bob', '--header', 'x-unit=billing'), { code: 1, out: /\(the request has "bob"\)/ })
  t.match(await ask('--param', 'name=alice', '--param', 'name=alice', '--query', 'x-unit=billing'), { code: 1, out: /occurs 2 times/ })
  t.match(await ask(), { code: 1, out: /not allowed by the rules: incomplete_request[^]*there is no request to compare with/ })
  t.match(await ask('--param', 'alice'), { code: 2, err: /--param is "alice"; expected NAME=VALUE/ })
})

test('a denial because something is unknown is no denial that is expected', async (t) => {
  const rules = '{ "groups": {}, "routes": { "GET /x": [{ "ou": "billing", "authority": "partner" }] } }'
  const tests = (answer: string): string => `{ peers: { alice: alice.pem }, tests: [{ route: GET /x, expect: { alice: ${answer} } }] }`
  const file = folder(t, { 'alice.pem': alice.chain, 'rules.json': rules, 'a.yaml': tests('denied'), 'b.yaml': tests('undecided') })
  const run = async (name: string) => await peerkitHere('rules', 'test', '--rules', file('rules.json'), '--tests', file(name))
  t.match(await run('a.yaml'), { code: 1, out: 'not ok  tests[0] GET /x: alice is undecided, expected denied' })
  t.match(await run('b.yaml'), { code: 0 })
})

test('with authorities, the chain of a certificate says who vouches for it', async (t) => {
  const partner = await createDevCa({ name: 'Partner CA' })
  const [bob, eve] = [await partner.issue({ cn: 'bob' }), await (await createDevCa()).issue({ cn: 'bob' })]
  const file = folder(t, {
    'own.pem': ca.root,
    'partner.pem': partner.root,
    'alice.pem': alice.chain,
    'bob.pem': bob.chain,
    'eve.pem': eve.chain,
    'rules.json': '{ "routes": { "GET /x": { "cn": "*ob", "authority": "own" }, "GET /y": { "cn": "bob", "authority": "partner" }, "GET /z": "public" } }',
    'good.yaml': `
peers: { alice: alice.pem, bob: bob.pem, eve: eve.pem, again: { cert: bob.pem, authority: partner } }
tests:
  - { route: GET /y, others: denied, expect: { bob: allowed, again: allowed } }
  - { route: GET /z, others: allowed, expect: { eve: denied } }
`,
    'wrong.yaml': '{ peers: { bob: { cert: bob.pem, authority: own } }, tests: [{ route: GET /y, others: denied }] }',
    'eve.yaml': '{ peers: { eve: eve.pem }, tests: [{ route: GET /y, others: allowed }] }'
  })
  const authorities = JSON.stringify({ own: { ca: 'own.pem', names: 'any' }, partner: { ca: 'partner.pem', names: 'any' } })
  const { writeFile } = await import('node:fs/promises')
  await writeFile(file('authorities.json'), authorities)
  const run = async (name: string) => await peerkitHere(
    'rules', 'test', '--rules', file('rules.json'), '--tests', file(name), '--authorities', file('authorities.json')
  )
  t.match(await run('good.yaml'), { code: 0, out: '8 of 8 answers as expected' })
  t.match(await run('wrong.yaml'), { code: 2, err: 'peers.bob.authority is "own", but "partner" vouches for the certificate' })
  t.match(await run('eve.yaml'), { code: 1, out: 'no authority accepts the certificate' })
})
