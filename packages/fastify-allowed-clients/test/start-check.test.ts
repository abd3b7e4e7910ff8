import { test } from 'tap'
import Fastify from 'fastify'
import fastifyAllowedClients from '../src/index.ts'
import { guardedApp } from './support/app.ts'
import { identifier } from './support/identified-app.ts'
import { billing, ops } from './support/people.ts'

const answer = async (): Promise<string> => 'x'
const groups = { billing: { ou: 'billing' }, ops: { ou: 'ops' } }
const OPTION = 'MTLS_ERR_ALLOWED_CLIENTS_OPTION'

test('rules beside config have no effect, so the route is refused', async (t) => {
  const { app } = await guardedApp({ groups })
  for (const key of ['allowedClients', 'allowedClientsMode']) {
    t.throws(() => app.get('/invoices', { [key]: 'billing' } as object, answer), { code: OPTION, message: new RegExp(`GET /invoices: found ${key} beside config, where it has no effect; expected \\{ config: \\{ ${key}: … \\} \\}`) })
  }
  const plain = Fastify()
  await plain.register(identifier(true, {}))
  await plain.register(fastifyAllowedClients)
  t.throws(() => plain.get('/x', { allowedClients: 'authenticated' } as object, answer), { code: OPTION, message: /GET \/x: found allowedClients beside config/ }, 'also with another plugin that identifies clients')
})

test('rules as an option of register are refused, unless the plugin makes rules of them', async (t) => {
  for (const key of ['allowedClients', 'allowedClientsMode']) {
    const { app } = await guardedApp({ groups })
    await app.register(async (scope) => { scope.get('/', answer) }, { prefix: '/invoices', [key]: 'billing' })
    await t.rejects(async () => { await app.ready() }, { code: OPTION, message: new RegExp(`app\\.register\\(\\) of the plugin with the prefix "/invoices" got the option ${key}, which has no effect; expected app\\.mtls\\.allow`) })
  }
  const { app, status } = await guardedApp({ groups })
  await app.register(async (scope, { allowedClients }: any) => {
    await scope.register(async (inner) => { inner.get('/', { config: { allowedClients } }, answer) })
  }, { prefix: '/routes', allowedClients: 'billing' })
  await app.register(async (scope, { allowedClients }: any) => {
    scope.mtls.allow(allowedClients)
    scope.get('/', answer)
  }, { prefix: '/scope', allowedClients: 'billing' })
  for (const url of ['/routes', '/scope']) {
    t.equal(await status(billing, url), 200)
    t.equal(await status(ops, url), 403)
  }
})

test('rules of a scope without a route are refused: they would not hold for the sibling of the same prefix', async (t) => {
  const { app } = await guardedApp({ groups, defaultRules: 'authenticated' })
  await app.register(async (scope) => { scope.mtls.allow('ops') }, { prefix: '/admin' })
  await app.register(async (scope) => { scope.get('/', answer) }, { prefix: '/admin' })
  await t.rejects(async () => { await app.ready() }, { code: OPTION, message: /scope \/admin: app\.mtls\.allow\(\) was called where there is no route; .*Another plugin with the same prefix is another scope/ })
})

test('a scope without a route may have a mode, a not-found handler, or routes further inside', async (t) => {
  const { app, status } = await guardedApp({ groups, notFoundRules: 'authenticated' })
  await app.register(async (scope) => { scope.mtls.setMode('enforce') }, { prefix: '/mode' })
  await app.register(async (scope) => {
    scope.mtls.allow('ops')
    scope.setNotFoundHandler(async (_request, reply) => { await reply.code(404).send('nothing') })
  }, { prefix: '/missing' })
  await app.register(async (scope) => {
    scope.mtls.allow('ops')
    await scope.register(async (inner) => { inner.get('/inner', { config: { allowedClients: 'authenticated' } }, answer) })
  })
  t.equal(await status(ops, '/missing/x'), 404)
  t.equal(await status(billing, '/missing/x'), 403)
  t.equal(await status(ops, '/inner'), 200)
  t.equal(await status(billing, '/inner'), 403)
})

for (const [where, options, add] of [
  ['a route', {}, (app: any) => { app.get('/health', { config: { allowedClients: 'public' } }, answer) }],
  ['the default rules', { defaultRules: 'public' }, (app: any) => { app.get('/health', answer) }],
  ['a scope', {}, async (app: any) => {
    await app.register(async (scope: any) => {
      scope.mtls.allow('public')
      scope.get('/health', answer)
    })
  }]
] as const) {
  test(`'public' on ${where} is refused where the handshake requires a certificate, and answers everyone where it does not`, async (t) => {
    const required = await guardedApp(options)
    await add(required.app)
    await t.rejects(async () => { await required.app.ready() }, { code: OPTION, message: /GET \/health; HEAD \/health: the rules are 'public', but the server refuses clients without a certificate in the handshake; expected withMtls/ })
    const optional = await guardedApp(options, {}, { clientCertificate: 'optional' })
    await add(optional.app)
    t.equal(await optional.status(null, '/health'), 200)
  })
}

test('a reload that opens a route on a server that requires certificates is refused', async (t) => {
  const { writeFile } = await import('node:fs/promises')
  const file = `${t.testdir({ 'rules.json': '{"routes":{"GET /x":"authenticated"}}' })}/rules.json`
  const { app, status } = await guardedApp({ file, watch: false })
  app.get('/x', answer)
  t.equal(await status(billing, '/x'), 200)
  await writeFile(file, '{"routes":{"GET /x":"public"}}')
  await t.rejects(app.mtls.reload(), { code: 'MTLS_ERR_RULES_FILE_INVALID', message: /GET \/x; HEAD \/x: the rules are 'public'/ })
  t.equal(await status(null, '/x'), 401)
})

test('rules for unknown URLs are refused beside Express or middie, which answer there', async (t) => {
  for (const rules of [{ notFoundRules: 'authenticated' }, { defaultRules: 'authenticated' }, { defaultRules: { ou: 'ops' } }, { notFoundRules: 'public' }] as const) {
    for (const [decorator, named] of [['express', '@fastify/express'], ['use', '@fastify/middie']] as const) {
      const { app } = await guardedApp(rules, {}, { clientCertificate: 'optional' })
      app.decorate(decorator, () => {})
      await t.rejects(async () => { await app.ready() }, { code: OPTION, message: new RegExp(`these rules also decide who reaches the middleware that ${named} mounts|notFoundRules or defaultRules 'public'`) })
      const meant = await guardedApp({ ...rules, middleware: 'notFoundRules' }, {}, { clientCertificate: 'optional' })
      meant.app.decorate(decorator, () => {})
      await t.resolves(Promise.resolve(meant.app.ready()))
    }
  }
  const closed = await guardedApp()
  closed.app.decorate('use', () => {})
  await t.resolves(Promise.resolve(closed.app.ready()), 'without rules for unknown URLs nobody gets there')
  const { app } = await guardedApp({ notFoundRules: 'authenticated' })
  app.decorate('use', () => {})
  Object.assign(app, { [Symbol('fastify-middie-middlewares')]: [] })
  await t.resolves(Promise.resolve(app.ready()), 'nothing is mounted')
  await t.rejects(async () => { await guardedApp({ middleware: 'rules' as never }) }, { message: /middleware is "rules"; expected "notFoundRules"/ })
})

test('a rules file that cannot be read says why', async (t) => {
  const folder = t.testdir({ 'file.yaml': '', 'folder.yaml': {} })
  for (const [path, message] of [
    ['nowhere.yaml', /refused: there is no such file \(ENOENT\); a relative path starts at the working directory, \//],
    ['folder.yaml', /refused: found a directory; expected a file with rules/],
    ['file.yaml/x.yaml', /refused: a part of its path is no directory \(ENOTDIR\)/]
  ] as const) {
    await t.rejects(async () => { await guardedApp({ file: `${folder}/${path}` }) }, { code: 'MTLS_ERR_RULES_FILE_INVALID', reason: 'unreadable', message })
  }
})
