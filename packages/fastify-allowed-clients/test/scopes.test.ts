import { test } from 'tap'
import { guardedApp } from './support/app.ts'
import { billing, both, ops } from './support/people.ts'

const groups = { billing: { ou: 'billing' }, ops: { ou: 'ops' } }
const answer = async (): Promise<string> => 'x'

test('a scope rules its routes and those of the plugins inside it, whatever the order', async (t) => {
  const { app, status } = await guardedApp({ groups, defaultRules: ['billing'] })
  await app.register(async (scope) => {
    scope.get('/before', answer)
    scope.mtls.allow(['ops'])
    scope.get('/after', answer)
    await scope.register(async (inner) => { inner.get('/inner', answer) })
  }, { prefix: '/admin' })
  app.get('/outside', answer)
  for (const url of ['/admin/before', '/admin/after', '/admin/inner']) {
    t.equal(await status(ops, url), 200, url)
    t.equal(await status(billing, url), 403, `${url}: the app-wide rules do not reach into a scope with rules`)
  }
  t.equal(await status(billing, '/outside'), 200)
  t.equal(await status(ops, '/outside'), 403)
})

test("a route's own rules narrow those of its scopes", async (t) => {
  const { app, status } = await guardedApp({ groups })
  await app.register(async (scope) => {
    scope.mtls.allow(['ops'])
    scope.get('/narrow', { config: { allowedClients: ['billing'] } }, answer)
    scope.get('/anyone', { config: { allowedClients: 'public' } }, answer)
    scope.get('/identified', { config: { allowedClients: 'authenticated' } }, answer)
    await scope.register(async (inner) => {
      inner.mtls.allow(['billing'])
      inner.get('/inner', answer)
      inner.get('/deep', { config: { allowedClients: [{ cn: 'o' }] } }, answer)
    })
  })
  t.equal(await status(both, '/narrow'), 200)
  t.equal(await status(ops, '/narrow'), 403)
  t.equal(await status(billing, '/narrow'), 403)
  t.equal(await status(billing, '/anyone'), 403, 'a route cannot open a scope')
  t.equal(await status(null, '/anyone'), 401)
  t.equal(await status(billing, '/identified'), 403)
  t.equal(await status(ops, '/identified'), 200)
  t.equal(await status(both, '/inner'), 200)
  t.equal(await status(ops, '/inner'), 403)
  t.equal(await status(both, '/deep'), 403, 'three levels must all allow')
})

test('a route widens only the scope that says so', async (t) => {
  const { app, status } = await guardedApp({ groups })
  await app.register(async (scope) => {
    scope.mtls.allow(['ops'], { overridable: true })
    scope.get('/wide', { config: { allowedClients: ['billing'] } }, answer)
    scope.get('/plain', answer)
    await scope.register(async (inner) => {
      inner.mtls.allow([{ cn: ['o', 'both'] }])
      inner.get('/inner', { config: { allowedClients: ['billing'] } }, answer)
    })
  })
  t.equal(await status(billing, '/wide'), 200)
  t.equal(await status(ops, '/wide'), 403)
  t.equal(await status(ops, '/plain'), 200)
  t.equal(await status(billing, '/plain'), 403)
  t.equal(await status(billing, '/inner'), 403, 'the inner scope did not say so')
  t.equal(await status(both, '/inner'), 200)
})

test('a scope for anyone opens its routes, but not those of a stricter scope around it', async (t) => {
  const { app, status } = await guardedApp({ groups, defaultRules: ['ops'] }, {}, { clientCertificate: 'optional' })
  await app.register(async (scope) => {
    scope.mtls.allow('public')
    scope.get('/open', { config: { clientCertificate: 'optional' } }, answer)
  })
  await app.register(async (scope) => {
    scope.mtls.allow(['ops'])
    await scope.register(async (inner) => {
      inner.mtls.allow('public')
      inner.get('/closed', answer)
    })
  })
  t.equal(await status(null, '/open'), 200)
  t.equal(await status(billing, '/closed'), 403)
})

test('refuses wrong scopes, and scopes that come too late', async (t) => {
  const { app } = await guardedApp({ groups })
  await app.register(async (scope) => {
    t.throws(() => scope.mtls.allow([{ oo: 'x' } as any]), { code: 'MTLS_ERR_RULE_INVALID', message: /scope \/admin: rules\[0\]\.oo/ })
    t.throws(() => scope.mtls.allow(['ops'], { mayWiden: true } as any), { code: 'MTLS_ERR_ALLOWED_CLIENTS_OPTION', message: /unknown option "mayWiden" for scope \/admin: options; expected one of overridable, mode/ })
    t.throws(() => scope.mtls.allow(undefined as any), { code: 'MTLS_ERR_ALLOWED_CLIENTS_OPTION', message: /scope \/admin: rules is undefined; expected rules/ })
    t.throws(() => scope.mtls.allow('ops', ['x'] as any), { message: /options is a list; expected an object/ })
    t.throws(() => scope.mtls.setMode('report' as any), { message: /scope \/admin: options\.mode is "report"; expected "enforce" or "report-only"/ })
    t.throws(() => scope.mtls.allow(['ops'], { overridable: 1 as any }), { message: /overridable is 1/ })
    scope.mtls.allow(['ops'])
    t.throws(() => scope.mtls.allow(['billing']), { message: /already has rules or a mode/ })
    scope.get('/', answer)
  }, { prefix: '/admin' })
  await app.ready()
  t.throws(() => app.mtls.allow(['ops']), { message: /scope \/: app\.mtls\.allow\(\) was called after the app was ready/ })
})

test('scopes of one app say nothing to another', async (t) => {
  const one = await guardedApp({ groups })
  const two = await guardedApp({ groups, defaultRules: 'authenticated' })
  one.app.mtls.allow(['ops'])
  one.app.get('/', answer)
  two.app.get('/', answer)
  t.equal(await one.status(billing, '/'), 403)
  t.equal(await two.status(billing, '/'), 200)
})

test('one entry needs no array: a group, a rule or a predicate, on a route, a scope, as default and for what is not found', async (t) => {
  const { app, status } = await guardedApp({ groups: { ...groups, either: ['billing', 'ops'], alias: 'billing' }, defaultRules: 'ops', notFoundRules: { ou: 'billing' } })
  app.get('/group', { config: { allowedClients: 'alias' } }, answer)
  app.get('/rule', { config: { allowedClients: { ou: 'ops' } } }, answer)
  app.get('/predicate', { config: { allowedClients: (peer) => peer.commonName === 'b' } }, answer)
  app.get('/default', answer)
  await app.register(async (scope) => {
    scope.mtls.allow('either')
    scope.get('/either', answer)
    scope.get('/both', { config: { allowedClients: 'ops' } }, answer)
  })
  const told = async (path: string): Promise<unknown[]> => [await status(billing, path), await status(ops, path), await status(null, path)]
  t.same(await told('/group'), [200, 403, 401])
  t.same(await told('/rule'), [403, 200, 401])
  t.same(await told('/predicate'), [200, 403, 401])
  t.same(await told('/default'), [403, 200, 401])
  t.same(await told('/either'), [200, 200, 401])
  t.same(await told('/both'), [403, 200, 401])
  t.same(await told('/nothing'), [404, 403, 401])
})

test('public works on a route, on a scope, as default rules and in a file', async (t) => {
  const { app, status } = await guardedApp({ defaultRules: 'public', groups }, {}, { clientCertificate: 'optional' })
  app.get('/default', answer)
  app.get('/closed', { config: { allowedClients: 'ops' } }, answer)
  await app.register(async (scope) => {
    scope.get('/before', answer)
    scope.mtls.allow('public')
    scope.get('/scope', answer)
    await scope.register(async (inner) => {
      inner.mtls.allow('ops')
      inner.get('/inner', answer)
    })
  })
  for (const path of ['/default', '/before', '/scope']) t.equal(await status(null, path), 200, path)
  for (const path of ['/closed', '/inner']) t.equal(await status(null, path), 401, path)
  t.same(app.mtls.routes().filter(({ access }) => access === 'public').map(({ url, methods }) => `${methods.join()} ${url}`).filter((name) => name.startsWith('GET')),
    ['GET /default', 'GET /before', 'GET /scope'])
  const folder = t.testdir({ 'rules.yaml': 'routes:\n  GET /health: public\n' })
  const filed = await guardedApp({ file: `${folder}/rules.yaml`, watch: false }, {}, { clientCertificate: 'optional' })
  filed.app.get('/health', answer)
  filed.app.get('/other', answer)
  t.equal(await filed.status(null, '/health'), 200)
  t.equal(await filed.status(null, '/other'), 401)
})

test('app.mtls.evaluate says what every route would answer a peer, and setMode sets the mode of a scope', async (t) => {
  const { app } = await guardedApp({ groups })
  await app.register(async (scope) => {
    scope.mtls.setMode('report-only')
    scope.get('/reported', { config: { allowedClients: 'ops' } }, answer)
    t.throws(() => scope.mtls.allow('ops'), { message: /scope without a prefix already has rules or a mode; expected one call of app\.mtls\.allow\(\) or setMode\(\) for each scope/ })
  })
  app.get('/billing', { config: { allowedClients: 'billing' } }, answer)
  await app.ready()
  const outcomes = (peer: typeof billing | null): object => Object.fromEntries(app.mtls.evaluate(peer).filter(({ methods }) => methods[0] === 'GET').map(({ url, outcome }) => [url, outcome]))
  t.same(outcomes(billing), { '/reported': 'reported', '/billing': 'allowed' })
  t.same(outcomes(ops), { '/reported': 'allowed', '/billing': 'denied' })
  t.same(outcomes(null), { '/reported': 'denied', '/billing': 'denied' }, 'the server requires certificates')
  t.match(app.mtls.evaluate(null)[0], { outcome: 'denied', requirements: [{ rules: 'handshake', mode: 'enforce', outcome: 'denied' }] })
  t.equal(app.mtls.evaluate(null)[0]?.requirements[0]?.explain(), undefined)
  t.equal(app.mtls.rulesVersion, 0)
})

test('notFoundRules public, and default rules that are public, answer 404 to a client without a certificate', async (t) => {
  const { status } = await guardedApp({ notFoundRules: 'public' }, {}, { clientCertificate: 'optional' })
  t.equal(await status(null, '/nothing'), 404)
  const other = await guardedApp({ defaultRules: 'public' })
  t.equal(await other.status(null, '/nothing'), 404)
  const closed = await guardedApp({ notFoundRules: 'authenticated' })
  t.equal(await closed.status(null, '/nothing'), 401)
})
