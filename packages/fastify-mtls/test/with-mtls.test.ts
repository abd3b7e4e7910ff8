import { once } from 'node:events'
import { ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from 'node:tls'
import { memoryCredentials } from '@peerkit/credentials'
import type { MemoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import fastifySensible from '@fastify/sensible'
import Fastify from 'fastify'
import { test } from 'tap'
import fastifyMtls, { injectAs, withMtls } from '../src/index.ts'
import { call, callRaw, callSession, openSession } from './support/world.ts'

const ca = await createDevCa()
const server = await ca.issue({ cn: 'ledger', dns: 'localhost', ip: '127.0.0.1' })
const client = await ca.issue({ cn: 'alice', ou: 'billing', profile: 'client' })
const load = (): MemoryCredentials => memoryCredentials({ cert: server.chain, key: server.key, ca: ca.root })

test('makes an app for mutual TLS, with Fastify\'s own options beside', async (t) => {
  const lines: string[] = []
  const credentials = load()
  const app = Fastify(withMtls(credentials, {
    logger: { level: 'info', stream: { write: (line: string) => { lines.push(line) } } },
    bodyLimit: 10,
    https: { maxHeaderSize: 20_000 },
    mtls: { clientCertificate: 'optional', minVersion: 'TLSv1.3' }
  }))
  await app.register(fastifyMtls)
  app.post('/', async ({ peer, body }) => ({ hello: peer.commonName, unit: peer.organizationalUnit, body }))
  app.get('/open', { config: { clientCertificate: 'optional' } }, async ({ optionalPeer }) => ({ peer: optionalPeer }))
  t.after(async () => { await app.close() })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const post = { method: 'POST', body: '"x"', headers: { 'content-type': 'application/json', 'x-long': 'x'.repeat(17_000) } }
  t.match(await call({ origin, ca }, client, post), { status: 200, body: { hello: 'alice', unit: 'billing', body: 'x' } }, 'maxHeaderSize counts')
  t.match(await call({ origin, ca }, client, { ...post, body: '"longer than ten"' }), { status: 413 }, 'bodyLimit counts')
  t.match(await call({ origin, ca }, undefined, { path: '/open' }), { status: 200, body: { peer: null } }, 'clientCertificate counts')
  await t.rejects(call({ origin, ca }, client, { ...post, maxVersion: 'TLSv1.2' }), { code: /ERR_SSL|ECONNRESET|EPROTO/ }, 'minVersion counts')
  t.ok(lines.some((line) => line.includes('Server listening')), 'the logger counts')
})

test('makes a server of HTTP/2 where http2 stands beside mtls', async (t) => {
  const app = Fastify(withMtls(load(), { http2: true, http2SessionTimeout: 60_000, mtls: { allowHTTP1: false } }))
  await app.register(fastifyMtls)
  app.get('/', async ({ peer }) => ({ hello: peer.commonName }))
  t.after(async () => { await app.close() })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const session = await openSession({ origin, ca }, { cert: client.chain, key: client.key })
  t.after(() => { session.close() })
  t.match(await callSession(session), { status: 200, body: { hello: 'alice' } })
  const raw = await callRaw({ port: (app.server.address() as AddressInfo).port, ca }, { cert: client.chain, key: client.key }, { ALPNProtocols: ['http/1.1'] })
  t.equal(raw.status, undefined, 'allowHTTP1 counts')
})

test('refuses options that would remove mutual TLS, or have no effect where they stand', async (t) => {
  const credentials = load()
  for (const [options, message] of [
    [null, /options of withMtls is null; expected an object/],
    [[], /options of withMtls is an empty list/],
    [{ serverFactory: () => {} }, /found serverFactory; expected none/],
    [{ clientCertificate: 'optional' }, /found clientCertificate among Fastify's options; expected it under mtls: withMtls\(credentials, \{ mtls: \{ clientCertificate \} \}\)/],
    [{ ca: 'x' }, /found ca; expected certificates, keys and CAs in the credentials/],
    [{ rejectUnauthorized: false }, /found rejectUnauthorized; expected/],
    [{ https: { requestCert: false } }, /found https\.requestCert; expected only options of Node's HTTP server/],
    [{ https: { key: 'x' } }, /found https\.key/],
    [{ http2: {} }, /http2 is an object; expected true or false/],
    [{ mtls: { http2: true } }, /found mtls\.http2; expected http2 outside of mtls/],
    [{ mtls: null }, /mtls is null; expected an object/],
    [{ mtls: { clientCertifcate: 'optional' } }, /unknown option "clientCertifcate".*did you mean "clientCertificate"/],
    [{ mtls: { clientCertificate: 'none' } }, /clientCertificate is "none"; expected "required" or "optional"/]
  ] as const) {
    t.throws(() => withMtls(credentials, options as never), { code: 'MTLS_ERR_SERVER_OPTION', message }, String(message))
  }
  t.throws(() => withMtls(undefined as never), { code: 'MTLS_ERR_SERVER_OPTION', message: /credentials is missing; expected a credential source/ })
  await credentials.close()
  t.throws(() => withMtls(credentials), { code: 'MTLS_ERR_SERVER_OPTION', message: /the credentials are closed; expected an open source/ })
})

test('an app borrows its credentials, unless closeCredentials hands them over', async (t) => {
  const [lent, given] = [load(), load()]
  for (const [credentials, options] of [[lent, {}], [given, { closeCredentials: true }]] as const) {
    const app = Fastify(withMtls(credentials))
    await app.register(fastifyMtls, options)
    await app.ready()
    await app.close()
  }
  t.equal(lent.closed, false)
  t.equal(given.closed, true)
})

test('app.mtls has the credentials of the app, on every instance, and another app has its own', async (t) => {
  const [one, two] = [load(), load()]
  const app = Fastify(withMtls(one))
  await app.register(fastifyMtls)
  const other = Fastify(withMtls(two))
  await other.register(fastifyMtls)
  t.equal(app.mtls.credentials, one)
  t.equal(app.mtls.trust, one)
  t.equal(app.mtls.revocation, undefined)
  t.equal(other.mtls.credentials, two)
  await app.register(async (scope) => {
    t.equal(scope.mtls.credentials, one)
    t.equal(scope.mtls, scope.mtls, 'the same object each time')
    t.not(scope.mtls, app.mtls)
  })
  await Promise.all([app.close(), other.close()])
})

test('refusals have the shape of http-errors, with and without @fastify/sensible', async (t) => {
  for (const isRegistered of [false, true]) {
    const app = Fastify(withMtls(load()))
    if (isRegistered) await app.register(fastifySensible)
    await app.register(fastifyMtls)
    const seen: any[] = []
    app.setErrorHandler(async (error, _request, reply) => {
      seen.push(error)
      return await reply.send(error)
    })
    app.get('/', async () => 'x')
    const response = await injectAs(app, null, '/')
    t.equal(response.statusCode, 401)
    t.strictSame(response.json(), { statusCode: 401, code: 'MTLS_ERR_PEER_MISSING', error: 'Unauthorized', message: 'A client certificate is required' })
    t.match(seen, [{ statusCode: 401, status: 401, expose: true, code: 'MTLS_ERR_PEER_MISSING' }])
    t.ok(seen[0] instanceof Error)
    await app.close()
  }
})

test('options that would be lost when they are copied are refused', async (t) => {
  const credentials = load()
  class Options { get block (): () => string { return () => 'blocked' } }
  const hidden = Object.defineProperty({}, 'block', { value: () => 'blocked' })
  for (const [mtls, what] of [
    [Object.create({ block: () => 'blocked' }), 'inherited'],
    [new Options(), 'an accessor of a class'],
    [hidden, 'not enumerable'],
    [{ get block () { return () => 'blocked' } }, 'an accessor'],
    [new Map([['block', () => 'blocked']]), 'a map']
  ] as const) {
    t.throws(() => withMtls(credentials, { mtls }), { code: 'MTLS_ERR_SERVER_OPTION', message: /mtls is an object with inherited, hidden or computed properties; expected a plain object/ }, what)
  }
  t.throws(() => withMtls(credentials, { mtls: [] as never }), { message: /mtls is an empty list; expected an object/ })
  t.throws(() => withMtls(credentials, Object.create({ mtls: { clientCertificate: 'optional' } })), { message: /options of withMtls is an object with inherited/ })
  t.doesNotThrow(() => withMtls(credentials, { mtls: Object.assign(Object.create(null), { block: () => 'blocked' }) }))
  for (const key of ['defaultRoute', 'onBadUrl']) {
    t.throws(() => withMtls(credentials, { routerOptions: { [key]: () => {} } as never }), { message: new RegExp(`found routerOptions\\.${key}; expected none`) })
  }
})

test('the options of one call are for one app', async (t) => {
  const options = withMtls(load())
  const app = Fastify(options)
  t.after(async () => { await app.close() })
  t.throws(() => Fastify(options), { code: 'MTLS_ERR_SERVER_OPTION', message: /were given to two apps; expected a call for each app/ })
})

test('route options without effect keep the app from starting', async (t) => {
  const unruled = Fastify(withMtls(load()))
  await unruled.register(fastifyMtls)
  unruled.get('/invoices', { config: { allowedClients: 'billing' } as object }, async () => 'all')
  await t.rejects(async () => { await unruled.ready() }, { code: 'MTLS_ERR_SERVER_OPTION', message: /GET \/invoices: config\.allowedClients has no effect, because @peerkit\/fastify-allowed-clients is not registered/ })

  const misspelt = Fastify(withMtls(load()))
  await misspelt.register(fastifyMtls)
  t.throws(() => misspelt.get('/', { config: { clientCertificate: 'requird' as never } }, async () => 'x'), { message: /GET \/: config\.clientCertificate is "requird"; expected "required" or "optional"/ })
})

test('a refused upgrade leaves no socket open, so that the app can close', async (t) => {
  const app = Fastify(withMtls(load(), { mtls: { clientCertificate: 'optional' } }))
  await app.register(fastifyMtls)
  // As @fastify/websocket does: with a listener Node gives the socket away.
  app.server.on('upgrade', (request, socket) => {
    const response = new ServerResponse(request)
    response.assignSocket(socket as Socket)
    app.routing(request, response)
  })
  app.get('/', async () => 'x')
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const socket = connect({ host: '127.0.0.1', port, ca: ca.root })
  await once(socket, 'secureConnect')
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n')
  let answer = ''
  socket.on('data', (chunk) => { answer += String(chunk) })
  await once(socket, 'close')
  t.match(answer, /^HTTP\/1\.1 401 /)
  await app.close()
})
