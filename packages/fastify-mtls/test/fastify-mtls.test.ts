import { once } from 'node:events'
import { Agent } from 'node:https'
import { createServer } from 'node:http'
import { connect } from 'node:tls'
import { test } from 'tap'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import Fastify from 'fastify'
import fastifyMtls, { injectAs, mtlsServerOptions, withMtls } from '../src/index.ts'
import { call, callSession, openSession, startWorld } from './support/world.ts'

for (const http2 of [false, true]) {
  const name = http2 ? 'HTTP/2' : 'HTTP/1.1'

  test(`${name}: a request knows who sent it`, async (t) => {
    const world = await startWorld(t, { settings: { http2 } as any })
    t.match(await call(world, world.client), { status: 200, body: { cn: 'client' } })
    if (!http2) return
    const session = await openSession(world, { cert: world.client.chain, key: world.client.key })
    t.match(await callSession(session), { status: 200, body: { cn: 'client' } })
    t.match(await callSession(session, '/nowhere'), { status: 404 })
    session.close()
    await once(session, 'close')
  })

  test(`${name}: a revoked certificate is refused on a connection that is open, and the connection ends`, async (t) => {
    const world = await startWorld(t, { settings: { http2 } as any, crl: true })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    t.match(await call(world, world.client, { agent }), { status: 200 })
    const session = http2 ? await openSession(world, { cert: world.client.chain, key: world.client.key }) : undefined
    if (session !== undefined) t.match(await callSession(session), { status: 200 })
    world.ca.revoke(world.client, { reason: 'keyCompromise' })
    world.credentials.update({ crl: (await world.ca.crl()).pem })
    t.match(await call(world, world.client, { agent }), { status: 401, reused: true, body: { code: 'MTLS_ERR_PEER_NO_LONGER_TRUSTED' } })
    if (session !== undefined) {
      const closed = once(session, 'close')
      t.match(await callSession(session), { status: 401, body: { code: 'MTLS_ERR_PEER_NO_LONGER_TRUSTED' } })
      await closed
    }
    t.match(world.ended[0], { v: 1, reason: 'revoked', peer: { subject: { commonName: 'client' } }, remoteAddress: '127.0.0.1' })
    await t.rejects(call(world, world.client), { code: 'ECONNRESET' })
    t.match(world.refusals, [{ v: 1, reason: 'revoked' }])
    agent.destroy()
  })

  test(`${name}: a certificate that expires is refused on a connection that is open`, async (t) => {
    let ahead = 0
    const world = await startWorld(t, { settings: { http2, now: () => Date.now() + ahead } as any })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    t.match(await call(world, world.client, { agent }), { status: 200 })
    ahead = 8 * 86_400_000
    t.match(await call(world, world.client, { agent }), { status: 401, reused: true, body: { code: 'MTLS_ERR_PEER_NO_LONGER_TRUSTED' } })
    t.match(world.ended, [{ reason: 'expired' }])
    agent.destroy()
  })

  test(`${name}: a removed CA ends what was opened under it; a rotated leaf of our own does not`, async (t) => {
    const world = await startWorld(t, { settings: { http2 } as any })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    t.match(await call(world, world.client, { agent }), { status: 200 })
    const renewed = await world.ca.issue({ cn: 'renewed', dns: 'localhost', ip: '127.0.0.1' })
    world.credentials.update({ cert: renewed.chain, key: renewed.key })
    t.match(await call(world, world.client, { agent }), { status: 200, reused: true })
    const next = await createDevCa({ name: 'Next' })
    world.credentials.update({ ca: next.root })
    t.match(await call(world, world.client, { agent }), { status: 401, reused: true })
    t.match(world.ended, [{ reason: 'ca_removed' }])
    await t.rejects(call(world, world.client), { code: 'ECONNRESET' })
    t.match(world.refusals, [{ reason: 'unknown_ca' }])
    const member = await next.issue({ cn: 'member', profile: 'client' })
    t.match(await call(world, member), { status: 200, body: { cn: 'member' } })
    agent.destroy()
  })
}

test('a server with gateOnly checks every certificate, without the plugin', async (t) => {
  const world = await startWorld(t, { plugin: false, settings: { gateOnly: true } })
  t.match(await call(world, world.client), { status: 200, body: { open: true } })
  await t.rejects(call(world, undefined), { code: 'ECONNRESET' })
  await t.rejects(call(world, await (await createDevCa()).issue()), { code: 'ECONNRESET' })
  t.match(world.refusals, [{ reason: 'no_certificate', peer: undefined }, { reason: 'unknown_ca', code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }])
})

test('optional mode: no certificate means no identity, and 401 where the route does not allow that', async (t) => {
  const world = await startWorld(t, {
    settings: { clientCertificate: 'optional' },
    setup: (app) => {
      app.get('/health', { config: { clientCertificate: 'optional' } }, async (request: any) => ({ peer: request.optionalPeer }))
      app.get('/careless', { config: { clientCertificate: 'optional' } }, async (request: any) => request.peer)
    }
  })
  t.match(await call(world, undefined), { status: 401, body: { code: 'MTLS_ERR_PEER_MISSING' } })
  t.match(await call(world, undefined, { path: '/nowhere' }), { status: 401 })
  t.match(await call(world, undefined, { path: '/health' }), { status: 200, body: { peer: null } })
  t.match(await call(world, undefined, { path: '/careless' }), { status: 401, body: { code: 'MTLS_ERR_PEER_MISSING' } })
  t.match(await call(world, world.client), { status: 200, body: { cn: 'client' } })
  await t.rejects(call(world, await (await createDevCa()).issue()), { code: 'ECONNRESET' }, 'a bad certificate is worse than none')
})

test('refused handshakes are written to the log of the app, without bytes of keys or certificates', async (t) => {
  const lines: string[] = []
  const ca = await createDevCa()
  const server = await ca.issue({ ip: '127.0.0.1' })
  const credentials = memoryCredentials({ cert: server.chain, key: server.key, ca: ca.root })
  const app = Fastify(withMtls(credentials, { logger: { level: 'warn', stream: { write: (line: string) => { lines.push(line) } } } }))
  t.after(async () => { await app.close() })
  await app.register(fastifyMtls)
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  await t.rejects(call({ origin, ca }, await (await createDevCa()).issue({ cn: 'stranger' })))
  t.match(JSON.parse(lines[0] ?? '{}'), { level: 40, reason: 'unknown_ca', remoteAddress: '127.0.0.1', msg: 'mTLS handshake refused' })
  t.match(lines[0], /stranger/)
  t.notMatch(lines.join(), /BEGIN|PRIVATE/)
})

test('the plugin refuses to start where it cannot do its work, and says what to do', async (t) => {
  const ca = await createDevCa()
  const { chain, key } = await ca.issue()
  const credentials = memoryCredentials({ cert: chain, key, ca: ca.root })
  const start = async (app: any, options: unknown): Promise<void> => {
    await app.register(fastifyMtls, options)
    await app.ready()
  }
  const notMtls = (what: string): { code: string, message: RegExp } => ({ code: 'MTLS_ERR_SERVER_NOT_MTLS', message: new RegExp(`not created with withMtls\\(\\): its server ${what}\\. Create it with Fastify\\(withMtls\\(credentials\\)\\)`) })
  await t.rejects(start(Fastify(), {}), notMtls('does not speak TLS'))
  await t.rejects(start(Fastify({ https: { cert: chain, key, requestCert: false } }), {}), notMtls('does not ask for client certificates'))
  await t.rejects(start(Fastify({ https: { cert: chain, key, requestCert: true } }), {}), notMtls('asks for client certificates, but does not verify them'))
  const refused = (message: RegExp): { code: string, message: RegExp } => ({ code: 'MTLS_ERR_SERVER_OPTION', message })
  await t.rejects(start(Fastify(withMtls(credentials)), { credentials }), refused(/found credentials; expected none: the plugin uses those of withMtls/))
  await t.rejects(start(Fastify(withMtls(credentials)), withMtls(credentials)), refused(/found the options of Fastify itself, .* expected a plugin around this one: fp\(async \(app\)/))
  await t.rejects(start(Fastify(withMtls(credentials)), { forwardd: 1 }), refused(/unknown option "forwardd" for @peerkit\/fastify-mtls; did you mean "forwarded"\?/))
  await t.rejects(start(Fastify(withMtls(credentials)), { closeCredentials: 'yes' }), refused(/closeCredentials is "yes"; expected true or false/))
  await t.rejects(start(Fastify(withMtls(credentials)), { revocation: {} }), refused(/found revocation on an app that withMtls made; expected withMtls\(credentials, \{ mtls: \{ revocation \} \}\)/))
  await t.rejects(start(Fastify(), { forwarded: { format: 'nginx', gateways: { unixSocket: true } }, closeCredentials: true }), refused(/found closeCredentials without trust/))
})

test('mtlsServerOptions refuses wrong options by name', async (t) => {
  const ca = await createDevCa()
  const { chain, key } = await ca.issue()
  const credentials = memoryCredentials({ cert: chain, key, ca: ca.root })
  const make = (given: unknown, settings?: unknown): unknown => mtlsServerOptions(given as any, settings as any)
  for (const [given, settings, message] of [
    [undefined, {}, /credentials is missing; expected a credential source/],
    [null, {}, /is null/],
    [Promise.resolve(credentials), {}, /await it/],
    [{ cert: chain }, {}, /is an object without subscribe\(\)/],
    [credentials, { htp2: true }, /unknown option "htp2" for mtlsServerOptions; did you mean "http2"\?/],
    [credentials, { clientCertificate: 'maybe' }, /clientCertificate is "maybe"/],
    [credentials, { ticketSecret: Buffer.alloc(16) }, /at least 32 bytes/],
    [credentials, { minVersion: 'TLSv1' }, /minVersion is "TLSv1"/],
    [credentials, { handshakeTimeout: 0 }, /handshakeTimeout is 0/],
    [credentials, { drainTimeout: 2 ** 31 }, /drainTimeout is 2147483648/],
    [credentials, { revocationTimeout: '5s' }, /revocationTimeout is "5s"/],
    [credentials, null, /options of mtlsServerOptions is null; expected an object/],
    [credentials, 'h2', /is "h2"; expected an object/],
    [credentials, { tls: true }, /unknown option "tls" for mtlsServerOptions; expected one of http2, /],
    [credentials, { minVersoin: 'TLSv1.3' }, /did you mean "minVersion"/],
    [credentials, { allowHTTP1: {} }, /allowHTTP1 is an object; expected true or false/],
    [credentials, { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' }, /minVersion is "TLSv1\.3", above maxVersion/],
    [credentials, { ciphers: 7 }, /ciphers is 7/],
    [credentials, { now: 7 }, /now is 7; expected a function/],
    [credentials, { ticketSecret: () => 'secret' }, /ticketSecret is a string of 6 characters/],
    [credentials, { revocation: null }, /revocation is null; expected a revocation checker/],
    [credentials, { revocation: { check () {} } }, /revocation is an object without permits\(\)/],
    [credentials, { ocspStapler: { handle () {} } }, /ocspStapler is an object without update\(\)/]
  ] as const) t.throws(() => make(given, settings), { code: 'MTLS_ERR_SERVER_OPTION', message })
})

test('what Fastify is told beside the options must not speak against them', async (t) => {
  const ca = await createDevCa()
  const { chain, key } = await ca.issue()
  const credentials = memoryCredentials({ cert: chain, key, ca: ca.root })
  const make = (settings: object, beside: object): unknown => Fastify({ ...mtlsServerOptions(credentials, settings) as object, ...beside })
  t.throws(() => make({}, { https: { requestCert: false } }), { code: 'MTLS_ERR_SERVER_OPTION', message: /found https\.requestCert; expected only options of Node's HTTP server/ })
  t.throws(() => make({ http2: true }, { https: { rejectUnauthorized: false } }), { code: 'MTLS_ERR_SERVER_OPTION', message: /https\.rejectUnauthorized/ })
  t.throws(() => make({}, { http2: true }), { code: 'MTLS_ERR_SERVER_OPTION', message: /http2 is true, but the server was made for HTTP\/1\.1; expected withMtls\(credentials, \{ http2: true \}\)/ })
  t.throws(() => make({ http2: true }, { http2: false }), { code: 'MTLS_ERR_SERVER_OPTION', message: /http2 is false/ })
  const world = await startWorld(t, { fastify: { https: { maxHeaderSize: 512 }, maxRequestsPerSocket: 1 } })
  t.match(await call(world, world.client), { status: 200 })
  t.match(await call(world, world.client, { headers: { long: 'x'.repeat(512) } }), { status: 431 })
})

test('versions and ciphers of TLS stay as they were set, across rotations', async (t) => {
  const world = await startWorld(t, { settings: { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' } })
  for (const turn of ['before', 'after']) {
    const socket = connect({ host: '127.0.0.1', port: world.port, ca: world.ca.root, cert: world.client.chain, key: world.client.key })
    await once(socket, 'secureConnect')
    t.match([socket.getProtocol(), socket.getCipher().name], ['TLSv1.2', 'ECDHE-ECDSA-AES256-GCM-SHA384'], turn)
    socket.destroy()
    const renewed = await world.ca.issue({ cn: 'renewed', ip: '127.0.0.1' })
    world.credentials.update({ cert: renewed.chain, key: renewed.key })
  }
})

test('injectAs speaks in the name of a peer, and nothing that travels in a request does', async (t) => {
  const world = await startWorld(t)
  const peer = world.credentials.current.identity
  t.match((await injectAs(world.app, peer, '/')).json(), { cn: 'server' })
  t.match((await injectAs(world.app, null, '/')).json(), { code: 'MTLS_ERR_PEER_MISSING' })
  t.match((await world.app.inject('/')).json(), { code: 'MTLS_ERR_PEER_MISSING' })
  t.match((await world.app.inject({ url: '/', headers: { peer: 'server', 'x-peer': 'server', 'client-cert': ':AA==:' } })).statusCode, 401)
  t.match(await call(world, world.client, { headers: { peer: 'server' } }), { body: { cn: 'client' } })
  await t.rejects(injectAs(world.app, { subject: { commonName: 'admin' } } as any, '/'), { code: 'MTLS_ERR_SERVER_OPTION', message: /peer is object; expected null, or a PeerIdentity/ })
})

test('a plain request that is no connection of ours has no identity', async (t) => {
  const { recordOfRequest } = await import('../src/connection/connection-record.ts')
  const server = createServer((request, response) => {
    t.equal(recordOfRequest(request), undefined)
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  await fetch(`http://127.0.0.1:${(server.address() as any).port}`)
  server.close()
  t.equal(recordOfRequest({ socket: null }), undefined)
  t.equal(recordOfRequest({ stream: {} }), undefined)
})

test('every server that the options make is gated, and gets the certificates that rotate', async (t) => {
  const ca = await createDevCa()
  const names = { dns: 'localhost', ip: ['127.0.0.1', '127.0.0.2'] }
  const server = await ca.issue(names)
  const credentials = memoryCredentials({ cert: server.chain, key: server.key, ca: ca.root })
  const options = mtlsServerOptions(credentials)
  const app = Fastify(options)
  t.after(async () => { await app.close() })
  await app.register(fastifyMtls)
  app.get('/', async (request) => ({ cn: request.peer.subject?.commonName }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const second = options.serverFactory(app.routing as any, app.initialConfig as any)
  second.listen(0, '127.0.0.2')
  await once(second, 'listening')
  t.after(() => { second.close() })
  const addresses = [app.server, second].map((listening) => listening.address() as { address: string, port: number })
  const client = await ca.issue({ cn: 'client' })
  const renewed = await ca.issue({ cn: 'renewed', ...names })
  credentials.update({ cert: renewed.chain, key: renewed.key })
  for (const { address, port } of addresses) {
    const origin = `https://${address}:${port}`
    t.match(await call({ origin, ca }, client), { status: 200, body: { cn: 'client' } }, origin)
    await t.rejects(call({ origin, ca }, undefined), { code: 'ECONNRESET' }, origin)
    const socket = connect({ host: address, port, ca: ca.root, cert: client.chain, key: client.key })
    await once(socket, 'secureConnect')
    t.equal(socket.getPeerX509Certificate()?.serialNumber.toLowerCase(), renewed.serialNumber, origin)
    socket.destroy()
  }
})
