import { test } from 'tap'
import { injectAs } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import fp from 'fastify-plugin'
import fastifyAllowedClients from '../src/index.ts'
import type { FastifyAllowedClientsOptions } from '../src/index.ts'
import { guardedApp, mtlsApp } from './support/app.ts'
import { billing, both, ops } from './support/people.ts'

const groups = { billing: { ou: 'billing' }, ops: { ou: 'ops' } }

test('lets in whom a rule of the route allows, and nobody else', async (t) => {
  const { app, status } = await guardedApp({ groups })
  app.get('/a', { config: { allowedClients: ['billing'] } }, async (request) => request.peer.subject?.commonName)
  t.equal((await injectAs(app, billing, '/a')).body, 'b')
  t.equal(await status(ops, '/a'), 403)
  t.equal(await status(null, '/a'), 401)
})

test('tells a refused client a code and nothing of the rules', async (t) => {
  const { app } = await guardedApp({ groups })
  app.get('/a', { config: { allowedClients: ['billing'] } }, async () => 'secret')
  const refused = await injectAs(app, ops, '/a')
  t.same(refused.json(), { statusCode: 403, code: 'MTLS_ERR_CLIENT_NOT_ALLOWED', error: 'Forbidden', message: 'This client is not allowed here' })
  t.match((await injectAs(app, null, '/a')).json(), { statusCode: 401, error: 'Unauthorized' })
  t.notMatch(JSON.stringify(refused.headers), 'billing')
})

test('closes routes without rules, and says so at the start', async (t) => {
  const { app, status, lines } = await guardedApp({ groups })
  app.get('/forgotten', async () => 'x')
  t.equal(await status(billing, '/forgotten'), 403)
  t.match(lines.find(({ msg }) => msg === 'routes without access rules answer 403 to every client'), { level: 40, routes: ['GET /forgotten', 'HEAD /forgotten'] })
  t.match(lines.find(({ msg }) => msg === 'client denied'), { reason: 'no_rule', rules: 'none', route: '/forgotten' })
})

test('opens routes without rules to every identified client where it is told to', async (t) => {
  const { app, status } = await guardedApp({ groups, defaultRules: 'authenticated' })
  app.get('/open', async () => 'x')
  app.get('/ruled', { config: { allowedClients: ['ops'] } }, async () => 'x')
  t.equal(await status(billing, '/open'), 200)
  t.equal(await status(null, '/open'), 401)
  t.equal(await status(billing, '/ruled'), 403)
})

test('puts the app-wide rules on routes that have none of their own', async (t) => {
  const { app, status } = await guardedApp({ groups, defaultRules: ['ops'] })
  app.get('/plain', async () => 'x')
  app.get('/own', { config: { allowedClients: ['billing'] } }, async () => 'x')
  t.equal(await status(ops, '/plain'), 200)
  t.equal(await status(billing, '/plain'), 403)
  t.equal(await status(billing, '/own'), 200)
  t.equal(await status(ops, '/own'), 403)
})

test('answers identified clients and anyone where a route says so in so many words', async (t) => {
  const { app, status } = await guardedApp({ defaultRules: [{ ou: 'ops' }] }, {}, { clientCertificate: 'optional' })
  app.get('/me', { config: { allowedClients: 'authenticated' } }, async () => 'x')
  app.get('/health', { config: { allowedClients: 'public' } }, async () => 'x')
  t.equal(await status(billing, '/me'), 200)
  t.equal(await status(null, '/me'), 401)
  t.equal(await status(null, '/health'), 200)
  t.equal(await status(billing, '/health'), 200)
})

test('hands the request to predicates and never remembers what they say', async (t) => {
  const { app, status } = await guardedApp()
  let asked = 0
  app.get('/tenants/:id', {
    config: {
      allowedClients: [(peer, request) => {
        asked++
        return peer.subject?.commonName === (request.params as { id: string }).id
      }]
    }
  }, async () => 'x')
  app.get('/later', { config: { allowedClients: [async (_peer, request) => request.headers['x-ok'] === 'yes'] } }, async () => 'x')
  t.equal(await status(billing, '/tenants/b'), 200)
  t.equal(await status(billing, '/tenants/o'), 403)
  t.equal(asked, 2)
  t.equal(await status(billing, { url: '/later', headers: { 'x-ok': 'yes' } }), 200)
  t.equal(await status(billing, '/later'), 403)
})

test('closes on a predicate that throws or rejects, and logs why', async (t) => {
  const { app, status, lines } = await guardedApp()
  app.get('/throws', { config: { allowedClients: [() => { throw new Error('broken check') }] } }, async () => 'x')
  app.get('/rejects', { config: { allowedClients: [async () => { throw new Error('late check') }] } }, async () => 'x')
  t.equal(await status(billing, '/throws'), 403)
  t.equal(await status(billing, '/rejects'), 403)
  const denials = lines.filter(({ msg }) => msg === 'client denied')
  t.match(denials, [{ reason: 'predicate_failed', err: { message: 'broken check' } }, { reason: 'predicate_failed', err: { message: 'late check' } }])
})

test('names route and key of a wrong rule when the route is added', async (t) => {
  const { app } = await guardedApp({ groups })
  t.throws(() => app.get('/invoices', { config: { allowedClients: [{ spife: 'spiffe://td' } as any] } }, async () => 'x'),
    { code: 'MTLS_ERR_RULE_INVALID', message: /GET \/invoices: config\.allowedClients\[0\]\.spife.*did you mean "spiffe"/ })
  t.throws(() => app.get('/x', { config: { allowedClients: ['biling'] } }, async () => 'x'), { code: 'MTLS_ERR_RULE_INVALID', message: /GET \/x: config\.allowedClients\[0\].*did you mean "billing"/ })
  t.throws(() => app.get('/y', { config: { allowedClients: [] } }, async () => 'x'), { code: 'MTLS_ERR_RULE_INVALID' })
  t.throws(() => app.get('/z', { config: { allowedClients: undefined as any } }, async () => 'x'), { code: 'MTLS_ERR_ALLOWED_CLIENTS_OPTION' }, 'undefined is no rule')
  t.throws(() => app.get('/v', { config: { allowedClients: ['public', 'billing'] as any } }, async () => 'x'), { code: 'MTLS_ERR_ALLOWED_CLIENTS_OPTION', message: /GET \/v: config.allowedClients: found "public" among other rules; expected only 'public'/ })
  t.throws(() => app.get('/w', { config: { allowedClients: 'biling' } }, async () => 'x'), { code: 'MTLS_ERR_RULE_INVALID', message: /GET \/w: config\.allowedClients: found "biling".*did you mean "billing"/ })
  t.throws(() => app.get('/u', { config: { allowedClients: { uo: 'x' } as any } }, async () => 'x'), { code: 'MTLS_ERR_RULE_INVALID', message: /GET \/u: config\.allowedClients\.uo/ })
})

test('refuses config keys that were meant to be ours', async (t) => {
  const { app } = await guardedApp({ defaultRules: 'authenticated' })
  for (const key of ['allowedClient', 'allowed_clients', 'allowClients', 'AllowedClients', 'allowed-clients']) {
    t.throws(() => app.get('/' + key, { config: { [key]: [{ ou: 'x' }] } as object }, async () => 'x'), { code: 'MTLS_ERR_ALLOWED_CLIENTS_OPTION', message: /did you mean "allowedClients"/ }, key)
  }
  t.throws(() => app.get('/m', { config: { allowedClientMode: 'report-only' } as object }, async () => 'x'), { message: /did you mean "allowedClientsMode"/ })
  t.throws(() => app.get('/n', { config: { allowedClientsMode: 'log' as any } }, async () => 'x'), { message: /GET \/n: config.allowedClientsMode is "log"; expected "enforce" or "report-only"/ })
})

test('refuses wrong options at registration', async (t) => {
  const cases: [object, RegExp][] = [
    [{ client: {} }, /unknown option "client" for @peerkit\/fastify-allowed-clients; expected one of groups, defaultRules/],
    [{ serverFactory: () => {}, https: {} }, /found the options of Fastify itself, .* expected a plugin around this one: fp\(async \(app\)/],
    [{ mode: 'log' }, /mode is "log"/],
    [{ openapi: 'yes' }, /openapi is "yes"/],
    [{ file: 1 }, /file is 1/],
    [{ file: '' }, /file is an empty string/],
    [{ watch: 'yes' }, /watch is "yes"/],
    [{ watch: { every: 1 } }, /unknown option "every" for watch/],
    [{ watch: { pollInterval: 0 } }, /watch\.pollInterval is 0/],
    [{ watch: null }, /watch is null/],
    [{ groups: { a: { uo: 'x' } } }, /groups\.a\.uo/],
    [{ groups: { authenticated: { ou: 'x' } } }, /groups\.authenticated/],
    [{ defaultRules: ['nobody'] }, /defaultRules\[0\]/],
    [{ notFoundRules: [{}] }, /notFoundRules\[0\]/],
  ]
  for (const [options, message] of cases) {
    const { app } = await mtlsApp()
    await t.rejects(async () => { await app.register(fastifyAllowedClients, options as FastifyAllowedClientsOptions) }, { message })
  }
})

test('does not start without fastify-mtls', async (t) => {
  const app = Fastify()
  await t.rejects(async () => { await app.register(fastifyAllowedClients) }, { code: 'MTLS_ERR_PLUGIN_ORDER', message: /no plugin identifies the clients yet; register @peerkit\/fastify-mtls first/ })
})

test('does not start where routes were added before', async (t) => {
  const { app } = await mtlsApp()
  app.get('/early', async () => 'x')
  await t.rejects(async () => { await app.register(fastifyAllowedClients) }, { code: 'MTLS_ERR_PLUGIN_ORDER', message: /early/ })
  const { app: late } = await mtlsApp()
  late.register(fastifyAllowedClients)
  late.get('/not-awaited', async () => 'x')
  await t.rejects(async () => { await late.ready() }, { code: 'MTLS_ERR_PLUGIN_ORDER', message: /these routes were added before it; register it first, and await it\. .*:\n.*/ })
  const { app: inside } = await mtlsApp()
  await inside.register(async (scope) => { scope.get('/nested', async () => 'x') })
  await t.rejects(async () => { await inside.register(fastifyAllowedClients) }, { code: 'MTLS_ERR_PLUGIN_ORDER' })
})

test('stands on the root instance only', async (t) => {
  const { app } = await mtlsApp()
  await t.rejects(async () => { await app.register(async (scope) => { await scope.register(fastifyAllowedClients) }) }, { code: 'MTLS_ERR_PLUGIN_ORDER', message: /root instance/ })
  const { app: wrapped } = await mtlsApp()
  await t.resolves(async () => { await wrapped.register(fp(async (scope) => { await scope.register(fastifyAllowedClients) })) })
})

test("never changes the caller's objects", async (t) => {
  const rules = Object.freeze([Object.freeze({ ou: 'billing' })])
  const config = Object.freeze({ allowedClients: rules })
  const route = Object.freeze({ config })
  const { app, status } = await guardedApp(Object.freeze({ groups: Object.freeze({ x: Object.freeze({ ou: 'x' }) }) }))
  app.get('/a', route, async () => 'x')
  t.equal(await status(billing, '/a'), 200)
  t.same(Reflect.ownKeys(config), ['allowedClients'])
})

test('lists every route with who may call it', async (t) => {
  const { app } = await guardedApp({ groups }, {}, { clientCertificate: 'optional' })
  app.get('/a', { config: { allowedClients: ['billing'] } }, async () => 'x')
  app.post('/closed', async () => 'x')
  app.get('/health', { config: { allowedClients: 'public' }, constraints: { version: '1.0.0' } }, async () => 'x')
  await app.register(async (scope) => {
    scope.mtls.allow(['ops'], { mode: 'report-only' })
    scope.get('/in', { config: { allowedClients: [{ cn: 'both' }] } }, async () => 'x')
  }, { prefix: '/admin' })
  const early = app.mtls.printRoutes()
  await app.ready()
  t.equal(app.mtls.printRoutes(), early, 'the same before and after the start')
  t.equal(early, `GET, HEAD /a
  config.allowedClients:
    - "billing": OU is "billing"
POST /closed
  none:
    - nobody (no rules)
GET, HEAD /health (version 1.0.0)
  public: clients without a certificate too
GET, HEAD /admin/in
  in scope /admin
  scope /admin (report-only):
    - "ops": OU is "ops"
  and config.allowedClients (report-only):
    - CN is "both"
`)
  await injectAs(app, billing, '/a')
  await injectAs(app, ops, '/a')
  await injectAs(app, ops, '/a')
  await injectAs(app, ops, '/admin/in')
  await injectAs(app, both, '/admin/in')
  const routes = app.mtls.routes()
  t.match(routes[0], { methods: ['GET'], url: '/a', access: 'rules', scope: undefined, requirements: [{ rules: 'config.allowedClients', mode: 'enforce' }], counts: { allowed: 1, denied: 2, wouldDeny: 0 } })
  t.same(routes.map(({ access }) => access), ['rules', 'rules', 'nobody', 'public', 'public', 'rules', 'rules'])
  t.match(routes.find(({ url }) => url === '/admin/in'), { scope: '/admin', counts: { allowed: 1, denied: 0, wouldDeny: 1 } })
  t.equal(app.mtls.rulesVersion, 0)
  await t.resolves(app.mtls.reload())
})
