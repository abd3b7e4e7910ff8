import { once } from 'node:events'
import { test } from 'tap'
import { memoryCredentials } from '@peerkit/credentials'
import type { MemoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssueOptions } from '@peerkit/dev-ca'
import fastifyMtls, { mtlsServerOptions } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import fastifyMtlsClient from '../src/index.ts'
import type { FastifyMtlsClientOptions } from '../src/index.ts'

const ca = await createDevCa()
const LEDGER = 'spiffe://a.example/ledger'

async function credentialsOf (options: IssueOptions, authority: DevCa = ca): Promise<MemoryCredentials> {
  const { chain, key } = await authority.issue(options)
  return memoryCredentials({ cert: chain, key, ca: ca.root })
}

/** A ledger that tells what it was sent. */
async function startLedger (t: { after (task: () => unknown): void }, hold: () => Promise<void> = async () => {}): Promise<{ origin: string, app: FastifyInstance<any, any, any, any> }> {
  const credentials = await credentialsOf({ cn: 'ledger', ip: '127.0.0.1', spiffe: LEDGER })
  const app: FastifyInstance<any, any, any, any> = Fastify(mtlsServerOptions(credentials) as any)
  await app.register(fastifyMtls, { credentials })
  app.addHook('preHandler', hold)
  app.all('/*', async ({ method, url, headers, peer, body }: any) => ({ method, url, headers, caller: peer.subject?.commonName, body }))
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  t.after(async () => { await app.close() })
  return { origin, app }
}

async function startApp (t: { after (task: () => unknown): void }, services: FastifyMtlsClientOptions['services'], options: object = {}): Promise<any> {
  const app = Fastify()
  t.after(async () => { await app.close() })
  await app.register(fastifyMtlsClient, { credentials: await credentialsOf({ cn: 'orders', profile: 'client' }), services, ...options })
  return app
}

test('calls a service by name, over mutual TLS', async (t) => {
  const { origin } = await startLedger(t)
  const app = await startApp(t, { ledger: { origin, allowedServers: [{ spiffe: LEDGER }] } })
  const { statusCode, body } = await app.services.ledger.request({ method: 'POST', path: '/entries?x=1', headers: { 'content-type': 'application/json' }, body: '{"amount":1}' })
  t.equal(statusCode, 200)
  t.match(await body.json(), { method: 'POST', url: '/entries?x=1', caller: 'orders', body: { amount: 1 } })
  t.equal(app.services.ledger.origin, origin)
  t.equal(app.services.ledger.name, 'ledger')
})

test('puts the base path and default headers before, and the call has the last word', async (t) => {
  const { origin } = await startLedger(t)
  const app = await startApp(t, { ledger: { origin, basePath: '/v1', headers: { 'X-Team': 'shop', accept: 'application/json' }, headersTimeout: 5_000, bodyTimeout: 5_000 }, root: { origin, basePath: '/' } })
  const seen = async (service: string, options: object): Promise<any> => await (await app.services[service].request({ path: '/a', ...options })).body.json()
  t.match(await seen('ledger', {}), { url: '/v1/a', headers: { 'x-team': 'shop' } })
  t.match(await seen('ledger', { headers: { 'x-team': 'own' } }), { headers: { 'x-team': 'own' } })
  t.match(await seen('ledger', { headers: ['X-Team', 'list'] }), { headers: { 'x-team': 'list' } })
  t.match(await seen('ledger', { headers: new Map([['X-Team', 'map']]) }), { headers: { 'x-team': 'map' } })
  t.match(await seen('root', { headers: null }), { url: '/a' })
  await t.rejects(app.services.ledger.request({ path: 'a' }), { code: 'MTLS_ERR_SERVICES_OPTION', message: /begins with a slash/ })
})

test('carries the trace and the id of the request on whose behalf it calls', async (t) => {
  const { origin } = await startLedger(t)
  const app = await startApp(t, { ledger: { origin } })
  app.get('/', async (request: any) => await (await app.services.ledger.for(request).request({ path: '/' })).body.json())
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const response = await app.inject({ url: '/', headers: { traceparent, 'x-secret': 'stays' } })
  t.match(response.json().headers, { traceparent, 'x-request-id': /^req-/ })
  t.notOk('x-secret' in response.json().headers)
})

test('calls nobody but who is meant', async (t) => {
  const { origin } = await startLedger(t)
  const app = await startApp(t, { ledger: { origin, allowedServers: [{ spiffe: 'spiffe://a.example/other' }] } })
  await t.rejects(app.services.ledger.request({ path: '/' }), { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', message: /spiffe:\/\/a\.example\/ledger/ })
  await t.rejects(app.services.ledger.ready(), { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER' })
})

test('is ready when the service answers as who is meant, whatever it answers', async (t) => {
  const { origin, app: ledger } = await startLedger(t)
  const app = await startApp(t, { ledger: { origin } })
  await t.resolves(app.services.ledger.ready())
  await t.resolves(app.services.ledger.ready({ path: '/health', signal: AbortSignal.timeout(5_000) }))
  await ledger.close()
  await t.rejects(app.services.ledger.ready(), { code: 'MTLS_ERR_OUTBOUND_UNREACHABLE', retryable: true })
})

test('lets the calls in flight finish before it closes, and takes none after', async (t) => {
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<void>()
  const { origin } = await startLedger(t, async () => {
    asked.resolve()
    await answer.promise
  })
  const app = await startApp(t, { ledger: { origin } })
  const call = app.services.ledger.request({ path: '/' })
  await asked.promise
  const closed = app.close()
  answer.resolve()
  t.match(await call, { statusCode: 200 })
  await (await call).body.dump()
  await closed
  await t.rejects(app.services.ledger.request({ path: '/' }))
})

test('is encapsulated as any decorator', async (t) => {
  const { origin } = await startLedger(t)
  const app = Fastify()
  t.after(async () => { await app.close() })
  const credentials = await credentialsOf({ cn: 'orders' })
  await app.register(async (scope) => {
    await scope.register(fastifyMtlsClient, { credentials, services: { ledger: { origin } } })
    t.ok(scope.hasDecorator('services'))
  })
  t.notOk(app.hasDecorator('services'))
})

test('refuses wrong options by the name of the service', async (t) => {
  const credentials = await credentialsOf({ cn: 'orders' })
  const origin = 'https://ledger.example'
  for (const [options, message] of [
    [{ services: {} }, /at least one service/],
    [{ services: undefined }, /at least one service/],
    [{ services: { ledger: null } }, /services\.ledger is null/],
    [{ services: { ledger: {} } }, /services\.ledger\.origin is undefined/],
    [{ services: { ledger: { origin: 'http://ledger.example' } } }, /services\.ledger: .*expected https/],
    [{ services: { ledger: { origin: `${origin}/v1` } } }, /services\.ledger: /],
    [{ services: { ledger: { origin: 'ledger' } } }, /services\.ledger: /],
    [{ services: { ledger: { origin, basePath: 'v1' } } }, /services\.ledger\.basePath is "v1"/],
    [{ services: { ledger: { origin, allowedServer: [] } } }, /services\.ledger knows no "allowedServer"/]
  ] as Array<[object, RegExp]>) {
    const app = Fastify()
    await t.rejects(async () => { await app.register(fastifyMtlsClient, { credentials, ...options } as any) }, { code: 'MTLS_ERR_SERVICES_OPTION', message })
  }
  await t.rejects(async () => { await Fastify().register(fastifyMtlsClient, { credentials, services: { ledger: { origin, allowedServers: [{ spifee: 'x' }] } } } as any) }, { code: 'MTLS_ERR_RULE_INVALID', message: /spifee/ })
  await t.rejects(async () => { await Fastify().register(fastifyMtlsClient, { services: { ledger: { origin } } } as any) }, { code: 'MTLS_ERR_OUTBOUND_OPTION', message: /credentials/ })
})

test('is made for servers that listen too', async (t) => {
  const { origin } = await startLedger(t)
  const app = await startApp(t, { ledger: { origin } })
  app.get('/', async () => (await app.services.ledger.request({ path: '/' })).statusCode)
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.equal(await (await fetch(app.listeningOrigin)).text(), '200')
  const closing = once(app.server, 'close')
  await app.close()
  await closing
})
