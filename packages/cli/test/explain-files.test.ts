import { createDevCa } from '@peerkit/dev-ca'
import { test } from 'tap'
import { folder } from './support/folder.ts'
import { peerkitHere } from './support/peerkit.ts'
import type { Run } from './support/peerkit.ts'

const ca = await createDevCa()
const leaf = await ca.issue({ cn: 'orders' })

const DAY = 86_400_000
const ended = await ca.issue({ cn: 'orders', notBefore: new Date(Date.now() - 9 * DAY), notAfter: new Date(Date.now() - 2.5 * DAY) })
const early = await ca.issue({ cn: 'orders', notBefore: new Date(Date.now() + 2.5 * DAY), notAfter: new Date(Date.now() + 9 * DAY) })

const ROUTES = `
groups:
  shop: { cn: orders }
defaultRules: { cn: nobody }
routes:
  GET /invoices: [shop]
  GET /health: public
  POST /orders: [authenticated]
  DELETE /orders: [{ cn: admin }, shop]
`

test('a rules file with routes: each of them, or the one that is asked for', async (t) => {
  const file = folder(t, { 'leaf.pem': leaf.cert, 'leaf.der': leaf.der, 'rules.yaml': ROUTES })
  const ask = (...args: string[]): Promise<Run> => peerkitHere('explain', '--cert', file('leaf.der'), '--rules', file('rules.yaml'), ...args)
  const { code, out } = await ask()
  t.equal(code, 1)
  t.match(out, /^GET \/invoices\n {2}allowed by rule 0, group "shop"\n[^]*GET \/health\n {2}allowed by "public"\nPOST \/orders\n {2}allowed by "authenticated"\nDELETE \/orders\n {2}allowed by rule 1[^]*defaultRules\n {2}not allowed by the rules: no_match/)
  const json = JSON.parse((await ask('--json')).out)
  t.equal(json.allowed, false)
  t.match(json.sets, [
    { path: 'routes["GET /invoices"]', route: 'GET /invoices', verdict: { allowed: true, group: 'shop' } },
    { route: 'GET /health', word: 'public', verdict: { allowed: true } },
    { route: 'POST /orders', word: 'authenticated', verdict: { allowed: true } },
    { route: 'DELETE /orders', verdict: { allowed: true } },
    { path: 'defaultRules', verdict: { allowed: false, reason: 'no_match' } }
  ])
  for (const route of ['GET /invoices', 'HEAD /invoices', 'GET /health', 'POST /orders']) t.equal((await ask('--route', route)).code, 0, route)
  t.match(JSON.parse((await ask('--route', 'GET /health', '--json')).out), { path: 'routes["GET /health"]', word: 'public', verdict: { allowed: true } })
})

test('a certificate that is not valid now is noted, whatever the rules say', async (t) => {
  const file = folder(t, { 'ended.pem': ended.cert, 'early.pem': early.cert, 'leaf.pem': leaf.cert, 'rules.yaml': ROUTES })
  const ask = (cert: string, ...args: string[]): Promise<Run> => peerkitHere('explain', '--cert', file(cert), '--rules', file('rules.yaml'), ...args)
  const advice = 'a service refuses it in the handshake, whatever the rules say\\n$'
  for (const route of ['GET /invoices', 'GET /health', 'POST /orders']) {
    t.match(await ask('ended.pem', '--route', route), { code: 0, out: new RegExp(`^allowed by [^]*\\nvalidity: the certificate expired 2 days ago \\(notAfter 20[^)]*Z\\); ${advice}`) }, route)
    t.match(await ask('early.pem', '--route', route), { code: 0, out: new RegExp(`\\nvalidity: the certificate becomes valid in 2 days \\(notBefore 20[^)]*Z\\); ${advice}`) }, route)
  }
  const all = (await ask('ended.pem')).out
  t.equal(all.match(/^validity: /gm)?.length, 1, 'once for all routes')
  t.match(all, /\n {2}peer: CN=orders[^\n]*, expired\n/)
  t.match((await ask('early.pem')).out, /\n {2}peer: CN=orders[^\n]*, not valid yet\n/)
  const named = { notBefore: /^20.*Z$/, notAfter: /^20.*Z$/ }
  t.match(JSON.parse((await ask('ended.pem', '--json')).out), { validity: 'expired', ...named })
  t.match(JSON.parse((await ask('early.pem', '--route', 'GET /health', '--json')).out), { validity: 'not_yet_valid', ...named })
  t.notMatch(await ask('leaf.pem'), { out: /expired|valid/ })
  t.notOk('validity' in JSON.parse((await ask('leaf.pem', '--json')).out))
})

test('a group of the code may decide', async (t) => {
  const file = folder(t, { 'leaf.pem': leaf.cert, 'rules.yaml': 'groups: { shop: [staff, { cn: shop }] }\ndefaultRules: [admins, shop]\n' })
  const ask = (...args: string[]): Promise<Run> => peerkitHere('explain', '--cert', file('leaf.pem'), '--rules', file('rules.yaml'), ...args)
  t.match(await ask(), { code: 2, err: /found "staff".*If the app defines it in code, name it with --code-group/ })
  const named = ['--code-group', 'admins', '--code-group', 'staff']
  t.match(await ask(...named), {
    code: 1, out: /\nnote: it is allowed if it is in one of the groups "admins", "staff", which the code defines\n$/
  })
  t.match(JSON.parse((await ask(...named, '--json')).out), { hint: /one of the groups "admins", "staff"/ })
  t.match(await ask(...named, '--code-group', 'shop'), {
    code: 2, err: /found groups\.shop, which is also named as a group of the code; expected it in one place/
  })
})

test('a method of a route with several is asked with the rules of that route, and not with the default rules', async (t) => {
  const file = folder(t, { 'leaf.pem': leaf.cert, 'rules.yaml': 'defaultRules: authenticated\nroutes: { "GET,POST /z": { cn: admin }, POST /own: { cn: admin }, "PUT,POST /own": authenticated }\n' })
  const ask = async (route: string): Promise<any> => JSON.parse((await peerkitHere('explain', '--cert', file('leaf.pem'), '--rules', file('rules.yaml'), '--route', route, '--json')).out)
  for (const route of ['POST /z', 'GET /z', 'HEAD /z', 'GET,POST /z']) t.match(await ask(route), { path: 'routes["GET,POST /z"]', verdict: { allowed: false } }, route)
  t.match(await ask('POST /own'), { path: 'routes["POST /own"]' }, 'the route itself first')
  t.match(await ask('PUT /own'), { path: 'routes["PUT,POST /own"]' })
  for (const route of ['PUT /z', 'POST /z/more', 'OST /z']) t.match(await ask(route), { path: 'defaultRules' }, route)
})

test('a route that the file does not name: this is said first, and that the default rules answer', async (t) => {
  const file = folder(t, { 'leaf.pem': leaf.cert, 'rules.yaml': ROUTES, 'open.yaml': 'defaultRules: { cn: orders }\nroutes: { GET /filed: { cn: admin } }\n' })
  const ask = (rules: string, ...args: string[]): Promise<Run> => peerkitHere('explain', '--cert', file('leaf.pem'), '--rules', file(rules), ...args)
  const first = 'the file does not name the route "GET /invoice"; did you mean "GET /invoices"? This is the answer of its defaultRules:'
  const { code, out } = await ask('rules.yaml', '--route', 'GET /invoice')
  t.equal(code, 1)
  t.match(out, `${first}\nnot allowed by the rules: no_match`)
  t.ok(out.startsWith(first))
  t.match(await ask('rules.yaml', '--route', 'PUT /elsewhere'), { code: 1, out: /^the file does not name the route "PUT \/elsewhere". This is the answer of its defaultRules:\nnot allowed/ })
  t.match(await ask('open.yaml', '--route', 'GET /nope'), { code: 0, out: /^the file does not name the route "GET \/nope"[^\n]* This is the answer of its defaultRules:\nallowed by rule 0/ })
  const json = (await ask('open.yaml', '--route', 'GET /field', '--json')).out
  t.match(JSON.parse(json), { note: 'the file does not name the route "GET /field"; did you mean "GET /filed"? This is the answer of its defaultRules', path: 'defaultRules' })
  t.equal(Object.keys(JSON.parse(json))[0], 'note')
})

test('a route that is no method and path is refused', async (t) => {
  const file = folder(t, { 'leaf.pem': leaf.cert, 'rules.yaml': 'defaultRules: { cn: orders }\nroutes: { GET /filed: { cn: orders }, "GET *": { cn: orders } }\n', 'plain.yaml': '- { cn: orders }\n' })
  const ask = (route: string, rules = 'rules.yaml'): Promise<Run> => peerkitHere('explain', '--cert', file('leaf.pem'), '--rules', file(rules), '--route', route)
  const expected = 'expected a method in capitals and a path, such as "GET /invoices"'
  for (const route of ['/filed', 'get /filed', 'GET/filed', 'GET  /filed', 'GET filed', 'GET', ' GET /filed', 'filed', '']) {
    for (const rules of ['rules.yaml', 'plain.yaml']) {
      const run = await ask(route, rules)
      t.match(run, { code: 2, out: '' }, route)
      t.ok(run.err.includes(`--route is ${JSON.stringify(route)}; ${expected}`) || (route === '' && run.err.includes('--route')), run.err)
    }
  }
  t.match((await ask('get /filed')).err, 'did you mean "GET /filed"?')
  t.match((await ask('/filed')).err, 'did you mean "GET /filed"?')
  for (const route of ['GET /filed', 'GET *', 'M-SEARCH /x', 'HEAD /filed']) t.equal((await ask(route)).code, 0, route)
})

test('rules and groups in YAML and in JSON, as an array or with groups', async (t) => {
  const file = folder(t, {
    'leaf.pem': leaf.cert,
    'array.yaml': '# ours\n- { cn: orders }\n',
    'bom.yml': '\ufeffrules: shop\ngroups: { shop: { cn: orders } }\n',
    'groups.json': '{ "$schema": "x", "rules": ["shop"], "groups": { "shop": { "cn": "orders" } } }',
    'clients.json': '{ "rules": ["shop"], "clients": { "shop": { "cn": "orders" } } }',
    'default.yaml': 'defaultRules: [{ cn: orders }]\n'
  })
  for (const name of ['array.yaml', 'bom.yml', 'groups.json', 'clients.json', 'default.yaml']) {
    t.match(await peerkitHere('explain', '--cert', file('leaf.pem'), '--rules', file(name)), { code: 0, out: /^allowed by rule 0/ }, name)
  }
})

test('a wrong rules file ends with 2, and says what is wrong', async (t) => {
  const wrong: Readonly<Record<string, readonly [content: string | Uint8Array, message: RegExp, route?: string]>> = {
    'twice.json': ['[{ "cn": "a", "cn": "b" }]', /Map keys must be unique at line 1, column \d+; expected YAML or JSON/],
    'twice.yaml': ['- cn: a\n  cn: b\n', /Map keys must be unique/],
    'yaml.json': ['- cn: a\n', /Unexpected|No number/],
    'tag.yaml': ['- { cn: !x a }\n', /Unresolved tag/],
    'latin.yaml': [Buffer.from('- cn: "\xe4"\n', 'latin1'), /found text that is not UTF-8/],
    'empty.yaml': ['', /found nothing; expected/],
    'text.yaml': ['orders', /found string; expected/],
    'key.yaml': ['rules: []\nruels: []\n', /unknown key "ruels"; expected one of rules, groups, clients/],
    'route.yaml': ['route: {}\n', /unknown key "route"; expected one of groups, defaultRules, routes/],
    'both.yaml': ['rules: [a]\ngroups: {}\nclients: {}\n', /found groups and clients; expected one of them/],
    'groups.yaml': ['groups: []\nroutes: {}\n', /groups is not an object/],
    'routes.yaml': ['routes: []\n', /routes is not an object; expected rules by "METHOD \/pattern"/],
    'none.yaml': ['groups: {}\n', /found no rules/],
    'word.yaml': ['routes: { GET /x: [public, { cn: a }] }\n', /routes\["GET \/x"\]: found "public" among other rules; expected only 'public'/],
    'rule.yaml': ['routes: { GET /x: { cnn: a } }\n', /routes\["GET \/x"\].*cnn/],
    'near.yaml': ['routes: { GET /x: { cn: a } }\n', /--route is "GET \/y", which --rules .*near\.yaml does not name; did you mean "GET \/x"\?/, 'GET /y'],
    'far.yaml': ['routes: { GET /x: { cn: a } }\n', /does not name; expected one of GET \/x/, 'DELETE /elsewhere'],
    'plain.yaml': ['- { cn: a }\n', /does not name; expected a file with routes/, 'GET /y'],
    'laughs.yaml': [`a: &a [${'x,'.repeat(50)}]\nb: &b [${'*a,'.repeat(50)}]\nc: &c [${'*b,'.repeat(50)}]\nd: [${'*c,'.repeat(50)}]\n`, /Excessive alias count/]
  }
  const file = folder(t, { 'leaf.pem': leaf.cert, ...Object.fromEntries(Object.entries(wrong).map(([name, [content]]) => [name, content])) })
  for (const [name, [, message, route]] of Object.entries(wrong)) {
    const run = await peerkitHere('explain', '--cert', file('leaf.pem'), '--rules', file(name), ...(route === undefined ? [] : ['--route', route]))
    t.match(run, { code: 2, out: '', err: message }, name)
  }
})
