import { test } from 'tap'
import { guardedApp } from './support/app.ts'
import { billing, both, ops } from './support/people.ts'

const clients = { billing: { ou: 'billing' }, ops: { ou: 'ops' } }
const answer = async (): Promise<string> => 'x'

test('a scope rules its routes and those of the plugins inside it, whatever the order', async (t) => {
  const { app, status } = await guardedApp({ clients, rules: ['billing'] })
  await app.register(async (scope) => {
    scope.get('/before', answer)
    scope.allowClients({ rules: ['ops'] })
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
  const { app, status } = await guardedApp({ clients })
  await app.register(async (scope) => {
    scope.allowClients({ rules: ['ops'] })
    scope.get('/narrow', { config: { allowedClients: ['billing'] } }, answer)
    scope.get('/anyone', { config: { allowedClients: ['anyone'] } }, answer)
    scope.get('/identified', { config: { allowedClients: ['identified'] } }, answer)
    await scope.register(async (inner) => {
      inner.allowClients({ rules: ['billing'] })
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
  const { app, status } = await guardedApp({ clients })
  await app.register(async (scope) => {
    scope.allowClients({ rules: ['ops'], mayWiden: true })
    scope.get('/wide', { config: { allowedClients: ['billing'] } }, answer)
    scope.get('/plain', answer)
    await scope.register(async (inner) => {
      inner.allowClients({ rules: [{ cn: ['o', 'both'] }] })
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
  const { app, status } = await guardedApp({ clients, rules: ['ops'] }, {}, { clientCertificate: 'optional' })
  await app.register(async (scope) => {
    scope.allowClients({ rules: ['anyone'] })
    scope.get('/open', { config: { clientCertificate: 'optional' } }, answer)
  })
  await app.register(async (scope) => {
    scope.allowClients({ rules: ['ops'] })
    await scope.register(async (inner) => {
      inner.allowClients({ rules: ['anyone'] })
      inner.get('/closed', answer)
    })
  })
  t.equal(await status(null, '/open'), 200)
  t.equal(await status(billing, '/closed'), 403)
})

test('refuses wrong scopes, and scopes that come too late', async (t) => {
  const { app } = await guardedApp({ clients })
  await app.register(async (scope) => {
    t.throws(() => scope.allowClients({ rules: [{ oo: 'x' } as any] }), { code: 'MTLS_ERR_RULE_INVALID', message: /scope \/admin: rules\[0\]\.oo/ })
    t.throws(() => scope.allowClients({ rule: ['ops'] } as any), { code: 'MTLS_ERR_ALLOWED_CLIENTS_OPTION', message: /scope \/admin knows no "rule"/ })
    t.throws(() => scope.allowClients({}), { message: /expected rules or mode/ })
    t.throws(() => scope.allowClients(['ops'] as any), { message: /is an array; expected an object/ })
    t.throws(() => scope.allowClients({ rules: ['ops'], mayWiden: 1 as any }), { message: /mayWiden is 1/ })
    scope.allowClients({ rules: ['ops'] })
    t.throws(() => scope.allowClients({ rules: ['billing'] }), { message: /has its rules already/ })
  }, { prefix: '/admin' })
  await app.ready()
  t.throws(() => app.allowClients({ rules: ['ops'] }), { message: /scope \/: allowClients was called after the app was ready/ })
})

test('scopes of one app say nothing to another', async (t) => {
  const one = await guardedApp({ clients })
  const two = await guardedApp({ clients, unruledRoutes: 'allow' })
  one.app.allowClients({ rules: ['ops'] })
  one.app.get('/', answer)
  two.app.get('/', answer)
  t.equal(await one.status(billing, '/'), 403)
  t.equal(await two.status(billing, '/'), 200)
})
