import { test } from 'tap'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { RequestJudgedMessage } from '../src/index.ts'
import { guardedApp } from './support/app.ts'
import { billing, ops } from './support/people.ts'

const groups = { billing: { ou: 'billing' }, ops: { ou: 'ops' } }
const answer = async (): Promise<string> => 'x'

function listen (t: { teardown (fn: () => void): void }, name: string): RequestJudgedMessage[] {
  const messages: RequestJudgedMessage[] = []
  const listener = (message: unknown): void => { messages.push(message as RequestJudgedMessage) }
  subscribe(name, listener)
  t.teardown(() => { unsubscribe(name, listener) })
  return messages
}

test('report lets through, logs, counts and publishes what would have been denied', async (t) => {
  const messages = listen(t, 'peerkit:request:would-deny')
  const denials = listen(t, 'peerkit:request:denied')
  const { app, status, lines } = await guardedApp({ groups, mode: 'report-only' })
  app.get('/a/:id', { config: { allowedClients: ['billing'] } }, answer)
  app.get('/unruled', answer)
  t.equal(await status(ops, '/a/1?token=secret'), 200)
  t.equal(await status(ops, '/unruled'), 200)
  t.match(lines.filter(({ msg }) => msg === 'client would be denied'), [
    { level: 40, reason: 'no_match', rules: 'config.allowedClients', route: '/a/:id', peer: String(ops), fingerprint256: ops.fingerprint256, nearest: { path: 'groups.billing' } },
    { reason: 'no_rule', rules: 'none' },
  ])
  const [first] = messages
  t.match(first, { v: 1, reason: 'no_match', rules: 'config.allowedClients', method: 'GET', path: '/a/1', route: '/a/:id', nearest: { failed: [{ key: 'ou', expected: ['"billing"'], found: ['ops'] }] } })
  t.equal(first?.peer, ops)
  t.notMatch(JSON.stringify(messages), 'secret', 'the query stays out')
  t.equal(messages.length, 2)
  t.equal(denials.length, 0)
  t.match(app.mtls.routes()[0]?.counts, { allowed: 0, denied: 0, wouldDeny: 1 })
})

test('publishes denied and allowed requests', async (t) => {
  const denied = listen(t, 'peerkit:request:denied')
  const { app, status } = await guardedApp({ groups })
  app.get('/a', { config: { allowedClients: [{ cn: 'zz' }, 'billing'] } }, answer)
  t.equal(await status(billing, '/a'), 200)
  const allowed = listen(t, 'peerkit:request:allowed')
  t.equal(await status(billing, '/a'), 200)
  t.equal(await status(ops, '/a'), 403)
  t.equal(await status(ops, '/nowhere'), 403)
  t.match(allowed, [{ v: 1, reason: undefined, rules: 'config.allowedClients', rule: 1, group: 'billing' }])
  t.match(denied, [{ reason: 'no_match', route: '/a' }, { reason: 'no_rule', path: '/nowhere' }])
  t.equal(denied[1]?.route, undefined)
})

test('report in a scope or a route covers its own rules, and those around it only where they may be widened', async (t) => {
  const { app, status } = await guardedApp({ groups })
  app.get('/route', { config: { allowedClients: ['billing'], allowedClientsMode: 'report-only' } }, answer)
  await app.register(async (scope) => {
    scope.mtls.allow(['ops'], { mode: 'report-only' })
    scope.get('/', answer)
    scope.get('/strict', { config: { allowedClients: ['ops'], allowedClientsMode: 'enforce' } }, answer)
  }, { prefix: '/reported' })
  await app.register(async (scope) => {
    scope.mtls.allow(['ops'])
    scope.get('/trick', { config: { allowedClientsMode: 'report-only' } }, answer)
    scope.get('/own', { config: { allowedClients: [{ cn: 'x' }], allowedClientsMode: 'report-only' } }, answer)
    await scope.register(async (inner) => {
      inner.mtls.setMode('report-only')
      inner.get('/inner', answer)
    })
  }, { prefix: '/enforced' })
  await app.register(async (scope) => {
    scope.mtls.allow(['ops'], { overridable: true })
    scope.get('/', { config: { allowedClientsMode: 'report-only' } }, answer)
  }, { prefix: '/widened' })
  t.equal(await status(ops, '/route'), 200)
  t.equal(await status(billing, '/reported'), 200)
  t.equal(await status(billing, '/reported/strict'), 403, 'a route may always ask for more')
  t.equal(await status(billing, '/enforced/trick'), 403, 'a route cannot open a scope by reporting')
  t.equal(await status(ops, '/enforced/own'), 200)
  t.equal(await status(billing, '/enforced/own'), 403)
  t.equal(await status(billing, '/enforced/inner'), 403)
  t.equal(await status(billing, '/widened'), 200)
})

test('a reported predicate that fails still lets through', async (t) => {
  const { app, status, lines } = await guardedApp({ mode: 'report-only' })
  app.get('/', { config: { allowedClients: [async () => { throw new Error('x') }] } }, answer)
  await app.register(async (scope) => {
    scope.mtls.allow([async () => true])
    scope.get('/', { config: { allowedClients: [async () => false] } }, answer)
  }, { prefix: '/two' })
  t.equal(await status(billing, '/'), 200)
  t.equal(await status(billing, '/two'), 200)
  t.match(lines.filter(({ msg }) => msg === 'client would be denied'), [{ reason: 'predicate_failed' }, { reason: 'predicate_refused' }])
})

test('report lets in clients without an identity where the server does', async (t) => {
  const { app, status } = await guardedApp({ mode: 'report-only', groups }, {}, { clientCertificate: 'optional' })
  app.get('/', { config: { allowedClients: ['billing'], clientCertificate: 'optional' } }, answer)
  t.equal(await status(null, '/'), 200)
})
