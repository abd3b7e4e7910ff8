import { test } from 'tap'
import { once } from 'node:events'
import type { EventEmitter } from 'node:events'
import { mkdtemp, rename, writeFile } from 'node:fs/promises'
import http2 from 'node:http2'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import fastifyWebsocket from '@fastify/websocket'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import type { PeerIdentity } from '@peerkit/identity'
import { isSoon } from '@peerkit/test-support/turns'
import type { FastifyInstance } from 'fastify'
import WebSocket from 'ws'
import fastifyAllowedClients from '../src/index.ts'
import { guardedApp, mtlsApp } from './support/app.ts'
import { billingCertificate, ca, opsCertificate } from './support/people.ts'

const config = { allowedClients: [{ ou: 'billing' }] }

async function listen (app: FastifyInstance): Promise<string> { return await app.listen({ host: '127.0.0.1', port: 0 }) }

function tlsOf ({ chain, key }: IssuedCertificate): { cert: string, key: string, ca: string } { return { cert: chain, key, ca: ca.root } }

async function get (origin: string, path: string, tls: object, agent: https.Agent | false = false): Promise<number | undefined> {
  const request = https.get(`${origin}${path}`, { ...tls, agent })
  const [response] = await once(request, 'response')
  response.resume()
  await once(response, 'end')
  return response.statusCode
}

/** Says whether the server has ended a socket or WebSocket. */
function isEnded (socket: EventEmitter): () => boolean {
  let ended = false
  for (const event of ['end', 'close']) socket.once(event, () => { ended = true })
  return () => ended
}

/** Opens a WebSocket by hand, with the name of the protocol as given, and returns its socket. */
async function openRaw (origin: string, protocol: string, identity: IssuedCertificate): Promise<TLSSocket> {
  const raw = connect({ port: Number(new URL(origin).port), host: '127.0.0.1', ...tlsOf(identity) })
  raw.on('error', () => {})
  raw.write(`GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`)
  const [answer] = await once(raw, 'data')
  if (!String(answer).startsWith('HTTP/1.1 101')) throw new Error(`no WebSocket: ${String(answer)}`)
  return raw
}

test('over TLS, the certificate decides', async (t) => {
  const { app } = await guardedApp()
  t.teardown(async () => { await app.close() })
  app.get('/', { config }, async () => 'x')
  const origin = await listen(app)
  t.equal(await get(origin, '/', tlsOf(billingCertificate)), 200)
  t.equal(await get(origin, '/', tlsOf(opsCertificate)), 403)
})

test('an unauthorised client is answered before it has sent its body', async (t) => {
  const { app } = await guardedApp()
  t.teardown(async () => { await app.close() })
  const reached: string[] = []
  app.addHook('preParsing', async () => { reached.push('body') })
  app.post('/', { config }, async () => { reached.push('handler') })
  const origin = await listen(app)
  for (const headers of [{ 'content-length': '1000000' }, { 'transfer-encoding': 'chunked' }, { 'content-length': '1000000', expect: '100-continue' }]) {
    const request = https.request(origin, { ...tlsOf(opsCertificate), agent: false, method: 'POST', headers: { 'content-type': 'application/json', ...headers } })
    request.on('error', () => {})
    request.flushHeaders()
    const [response] = await once(request, 'response')
    t.equal(response.statusCode, 403)
    request.destroy()
  }
  t.same(reached, [])
})

for (const before of [true, false]) {
  test(`WebSockets, @fastify/websocket registered ${before ? 'before' : 'after'}: the unauthorised get no socket`, async (t) => {
    const { app } = await mtlsApp()
    t.teardown(async () => { await app.close() })
    if (before) await app.register(fastifyWebsocket)
    await app.register(fastifyAllowedClients)
    if (!before) await app.register(fastifyWebsocket)
    const reached: string[] = []
    app.get('/ws', { config, websocket: true }, (socket) => {
      reached.push('ws')
      socket.on('message', () => { socket.send('pong') })
    })
    app.get('/http', { config }, async () => { reached.push('http') })
    const origin = (await listen(app)).replace('https', 'wss')
    for (const path of ['/ws', '/http', '/nowhere']) {
      const refused = new WebSocket(origin + path, tlsOf(opsCertificate))
      const [error] = await once(refused, 'error')
      t.match(error.message, '403', path)
    }
    t.same(reached, [])
    for (const word of ['WebSocket', 'h2c', 'foo', 'websocket, foo', 'tls/1.0']) {
      const port = Number(new URL(origin).port)
      const raw = connect({ port, host: '127.0.0.1', allowHalfOpen: true, ...tlsOf(opsCertificate) } as ConnectionOptions)
      raw.write(`GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${word}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`)
      let answer = ''
      raw.on('data', (chunk) => { answer += String(chunk) })
      const ended = isEnded(raw)
      await once(raw, 'data')
      t.match(answer, /^HTTP\/1.1 403 /, word)
      t.ok(await isSoon(ended), `${word}: the server closes a socket that the client would keep`)
      raw.destroy()
    }
    const allowed = new WebSocket(`${origin}/ws`, tlsOf(billingCertificate))
    await once(allowed, 'open')
    allowed.send('ping')
    t.match(await once(allowed, 'message'), [Buffer.from('pong')])
    allowed.close()
    await once(allowed, 'close')
  })
}

test('reloaded rules reach kept-alive connections and open WebSockets at once', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'peerkit-'))
  const file = join(directory, 'clients.json')
  await writeFile(file, JSON.stringify({ groups: { users: [{ ou: 'billing' }, { ou: 'ops' }] } }))
  const { app, lines } = await mtlsApp()
  t.teardown(async () => { await app.close() })
  await app.register(fastifyWebsocket)
  await app.register(fastifyAllowedClients, { file, watch: false })
  app.get('/', { config: { allowedClients: ['users'] } }, async () => 'x')
  app.get('/ws', { config: { allowedClients: ['users'] }, websocket: true }, (socket) => { socket.on('message', () => { socket.send('pong') }) })
  const origin = await listen(app)
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ...tlsOf(opsCertificate) })
  t.teardown(() => { agent.destroy() })
  const cut = new WebSocket(`${origin.replace('https', 'wss')}/ws`, tlsOf(opsCertificate))
  const kept = new WebSocket(`${origin.replace('https', 'wss')}/ws`, tlsOf(billingCertificate))
  await Promise.all([once(cut, 'open'), once(kept, 'open')])
  t.equal(await get(origin, '/', {}, agent), 200)
  const raw = await openRaw(origin, 'WebSocket', opsCertificate)
  t.teardown(() => { raw.destroy() })
  const closed = [isEnded(cut), isEnded(raw)] as const
  await writeFile(join(directory, 'next'), JSON.stringify({ groups: { users: { ou: 'billing' } } }))
  await rename(join(directory, 'next'), file)
  await app.mtls.reload()
  t.equal(await get(origin, '/', {}, agent), 403, 'the same connection')
  t.ok(await isSoon(closed[0]), 'the WebSocket is closed')
  t.ok(await isSoon(closed[1]), 'and one that asked for it in another spelling')
  t.match(lines.find(({ reason }) => reason === 'rules_changed'), { route: '/ws', rules: 'config.allowedClients', level: 40 })
  kept.send('ping')
  t.match(await once(kept, 'message'), [Buffer.from('pong')])
  kept.close()
  await once(kept, 'close')
})

test('over HTTP/2 the same holds, whatever the method', async (t) => {
  const { app } = await guardedApp({}, {}, { http2: true })
  t.teardown(async () => { await app.close() })
  const reached: string[] = []
  app.all('/', { config }, async () => {
    reached.push('handler')
    return 'x'
  })
  const origin = await listen(app)
  const ask = async (session: http2.ClientHttp2Session, method: string, path = '/'): Promise<unknown> => {
    const stream = session.request({ ':method': method, ':path': path })
    stream.end()
    const [headers] = await once(stream, 'response')
    stream.resume()
    return headers[':status']
  }
  const ops = http2.connect(origin, tlsOf(opsCertificate))
  const billing = http2.connect(origin, tlsOf(billingCertificate))
  for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE']) t.equal(await ask(ops, method), 403, method)
  t.equal(await ask(ops, 'GET', '/nowhere'), 403)
  // A method that no router knows is no route of anybody's: Fastify answers without asking a hook.
  t.equal(await ask(ops, 'NONSENSE'), 404)
  t.same(reached, [])
  t.equal(await ask(billing, 'GET'), 200)
  t.equal(await ask(billing, 'NONSENSE'), 404)
  ops.close()
  billing.close()
})

test('a WebSocket waits for rules that answer later, when it opens and when rules are reloaded', async (t) => {
  const file = join(await mkdtemp(join(tmpdir(), 'peerkit-')), 'clients.json')
  const write = async (ou: string): Promise<void> => { await writeFile(file, JSON.stringify({ groups: { users: [{ ou }] } })) }
  await write('billing')
  const { app, lines } = await mtlsApp()
  t.teardown(async () => { await app.close() })
  await app.register(fastifyWebsocket)
  await app.register(fastifyAllowedClients, { file, watch: false })
  const allowed = new Set(['b'])
  const isAllowed = async ({ commonName = '' }: PeerIdentity): Promise<boolean> => {
    await setImmediate()
    return allowed.has(commonName)
  }
  const reached: string[] = []
  app.get('/ws', { config: { allowedClients: [isAllowed] }, websocket: true }, (socket, request) => {
    reached.push((request as unknown as { peer: PeerIdentity }).peer.commonName ?? '')
    socket.on('message', () => { socket.send('pong') })
  })
  const origin = await listen(app)
  const refused = new WebSocket(`${origin.replace('https', 'wss')}/ws`, tlsOf(opsCertificate))
  const [error] = await once(refused, 'error')
  t.match(error.message, '403')
  t.same(reached, [])
  const socket = new WebSocket(`${origin.replace('https', 'wss')}/ws`, tlsOf(billingCertificate))
  t.teardown(() => { socket.terminate() })
  await once(socket, 'open')
  const ended = isEnded(socket)
  await write('ops')
  await app.mtls.reload()
  socket.send('ping')
  t.match(await once(socket, 'message'), [Buffer.from('pong')], 'it is allowed under the new rules too')
  allowed.delete('b')
  await write('both')
  await app.mtls.reload()
  t.ok(await isSoon(ended), 'and is closed where they deny it')
  t.match(lines.filter(({ reason }) => reason === 'rules_changed'), [{ route: '/ws', level: 40 }])
})
