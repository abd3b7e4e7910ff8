import { once } from 'node:events'
import { ServerResponse } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import websocket from '@fastify/websocket'
import { UpgradedSockets } from '@peerkit/identity/internal'
import { isSoon } from '@peerkit/test-support/turns'
import { test } from 'tap'
import { WebSocketServer } from 'ws'
import { answerUpgrade } from '../src/connection/request-gate.ts'
import { UpgradeWatch } from '../src/connection/upgrade-watch.ts'
import { call, callSession, openSession, startWorld, pair } from './support/world.ts'
import type { World, WorldOptions } from './support/world.ts'

const OPTION = 'MTLS_ERR_SERVER_OPTION'
const REFUSED = { code: OPTION, message: /the raw server has a listener for "upgrade" .*expected a route of @fastify\/websocket, or app\.mtls\.guardUpgrades\(rules\) before listen\(\)/ }

interface Dialed { readonly socket: TLSSocket, readonly text: () => string, readonly closed: Promise<unknown> }

async function dial ({ port, ca, client }: World, anonymous: boolean, path: string, upgrade = 'websocket'): Promise<Dialed> {
  const socket = connect({ host: '127.0.0.1', port, ca: ca.root, ALPNProtocols: ['http/1.1'], ...(anonymous ? {} : pair(client)) })
  let text = ''
  socket.on('data', (chunk) => { text += String(chunk) })
  socket.on('error', () => {})
  const closed = new Promise((resolve) => { socket.once('close', resolve) })
  await once(socket, 'secureConnect')
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`)
  return { socket, text: () => text, closed }
}

const optional: WorldOptions = { settings: { clientCertificate: 'optional' } }

test('a listener of the raw server keeps the app from listening, before listen() and after it', async (t) => {
  for (const settings of [{}, { clientCertificate: 'optional' as const }, { http2: true }]) {
    await t.rejects(startWorld(t, { settings, setup: ({ server }) => { new WebSocketServer({ server }).on('connection', () => {}) } }), REFUSED)
    const { app } = await startWorld(t, { settings })
    t.throws(() => new WebSocketServer({ server: app.server as never }), REFUSED)
  }
  await t.rejects(startWorld(t, { setup: ({ server }) => { server.on('request', () => {}) } }), { code: OPTION, message: /listener for "request" .*expected a route, or app\.mtls\.guardUpgrades\(rules\)/ })
  for (const event of ['connect', 'checkContinue'] as const) {
    await t.rejects(startWorld(t, { setup: ({ server }) => { server.on(event, () => {}) } }), { code: OPTION, message: new RegExp(`listener for "${event}" .*expected a route, or a server of its own`) })
  }
  for (const event of ['connect', 'checkContinue', 'checkExpectation', 'stream'] as const) {
    const message = new RegExp(`listener for "${event}" .*expected a route, or a server of its own`)
    const guard: WorldOptions['setup'] = ({ mtls }) => { mtls.guardUpgrades('authenticated') }
    const setup: WorldOptions['setup'] = (app) => {
      app.mtls.guardUpgrades('authenticated')
      app.server.on(event, () => {})
    }
    await t.rejects(startWorld(t, { setup }), { code: OPTION, message }, 'the rules for upgrades hold for no other event')
    const { app } = await startWorld(t, { setup: guard })
    t.throws(() => app.server.on(event, () => {}), { code: OPTION, message }, `${event} after listen()`)
  }
  const gated = await startWorld(t, { plugin: false, settings: { gateOnly: true }, setup: ({ server }) => { new WebSocketServer({ server, path: '/ws' }).on('connection', (socket) => { socket.send('hello') }) } })
  const { socket, text } = await dial(gated, false, '/ws')
  while (!text().includes('hello')) await once(socket, 'data')
  t.match(text(), /^HTTP\/1\.1 101/)
  socket.destroy()
})

test('guardUpgrades: the rules hold for the listener', async (t) => {
  const world = await startWorld(t, {
    ...optional,
    setup: (app) => {
      t.throws(() => app.mtls.guardUpgrades({ ou: 'x' } as never), { code: OPTION, message: /guardUpgrades\(\) without @peerkit\/fastify-allowed-clients is an object; expected "authenticated"/ })
      app.mtls.guardUpgrades('authenticated')
      new WebSocketServer({ server: app.server, path: '/ws' }).on('connection', (socket) => { socket.send('secret') })
    }
  })
  const stranger = await dial(world, true, '/ws')
  await stranger.closed
  t.match(stranger.text(), /^HTTP\/1\.1 401 Unauthorized[^]*"code":"MTLS_ERR_PEER_MISSING"/)
  t.notMatch(stranger.text(), /secret/)
  const { socket, text } = await dial(world, false, '/ws')
  while (!text().includes('secret')) await once(socket, 'data')
  t.match(text(), /^HTTP\/1\.1 101/)
  await world.app.close()
  socket.destroy()
})

/** Listens as Socket.IO does: in the place of Fastify's listeners, which it calls for what it does not answer. */
function answerPolls (server: any): void {
  const routes = server.listeners('request')
  server.removeAllListeners('request')
  server.on('request', (request: any, response: any) => {
    if (request.url.startsWith('/poll')) response.end(JSON.stringify('secret'))
    else for (const route of routes) route.call(server, request, response)
  })
}

for (const http2 of [false, true]) {
  test(`guardUpgrades: the rules hold for listeners of requests, and routes keep their own, http2: ${http2}`, async (t) => {
    const seen: string[] = []
    const world = await startWorld(t, {
      settings: { clientCertificate: 'optional', http2 },
      setup: (app) => {
        app.mtls.guardUpgrades('authenticated')
        answerPolls(app.server)
        app.get('/open', { config: { clientCertificate: 'optional' } }, async () => ['open'])
      }
    })
    for (const late of [false, true]) {
      if (late) world.app.server.on('request', (request: any) => { seen.push(request.url) })
      t.match(await call(world, undefined, { path: '/poll' }), { status: 401, body: { code: 'MTLS_ERR_PEER_MISSING' } })
      t.match(await call(world, world.client, { path: '/poll' }), { status: 200, body: 'secret' })
      t.match(await call(world, undefined, { path: '/open' }), { status: 200, body: ['open'] })
      t.match(await call(world, world.client, { path: '/open' }), { status: 200, body: ['open'] })
    }
    t.strictSame(seen, ['/poll', '/open'], 'only of the client with a certificate')
    if (!http2) return
    const session = await openSession(world, world.client)
    t.match(await callSession(session, '/poll'), { status: 200, body: 'secret' })
    session.destroy()
  })
}

test('a listener beside that of Fastify sees the requests that the guard allows, and the route answers all', async (t) => {
  const seen: string[] = []
  const watch = (request: any): void => { seen.push(request.url) }
  const world = await startWorld(t, {
    ...optional,
    setup: (app) => {
      app.mtls.guardUpgrades('authenticated')
      app.server.on('request', watch)
      app.get('/open', { config: { clientCertificate: 'optional' } }, async () => ['open'])
    }
  })
  for (const identity of [undefined, world.client]) t.match(await call(world, identity, { path: '/open' }), { status: 200, body: ['open'] })
  t.strictSame(seen, ['/open'])
  world.app.server.off('request', watch)
  t.match(await call(world, world.client, { path: '/open' }), { status: 200 })
  t.strictSame(seen, ['/open'])
})

test('routes still answer after a listener in their place was refused', async (t) => {
  const world = await startWorld(t)
  t.throws(() => { answerPolls(world.app.server) }, { code: OPTION, message: /listener for "request"/ })
  t.match(await call(world, world.client, { path: '/' }), { status: 200 })
  t.match(await call(world, world.client, { path: '/poll' }), { status: 404 })
})

test('a listener that looks as if it routed, and answers by itself, is cut off before a byte', async (t) => {
  const lines: any[] = []
  const world = await startWorld(t, {
    ...optional,
    fastify: { logger: { level: 'error', stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } } },
    setup: (app) => {
      const raw = new WebSocketServer({ noServer: true })
      app.server.on('upgrade', (request: any, socket: any, head: any) => {
        if (request.url === '/routed') app.routing(request, undefined as never)
        else raw.handleUpgrade(request, socket, head, (open) => { open.send('secret') })
      })
    }
  })
  for (const anonymous of [true, false]) {
    const { closed, text } = await dial(world, anonymous, '/ws?token=1')
    await closed
    t.equal(text(), '')
  }
  t.match(lines, [{ path: '/ws', msg: /no rule holds for it; use app\.mtls\.guardUpgrades/ }, {}])
})

async function startSockets (t: any, options: WorldOptions = {}): Promise<World> {
  return await startWorld(t, {
    ...optional,
    ...options,
    setup: async (app) => {
      await app.register(websocket)
      app.addHook('onRequest', async (request, reply) => { if (request.url === '/hooked') await reply.code(403).send('no') })
      await app.register(async (scope: any) => {
        scope.get('/socket', { websocket: true }, (socket: any) => { socket.send('hello') })
        scope.get('/hooked', async () => 'x')
      })
    }
  })
}

for (const upgrade of ['websocket', 'WebSocket', 'h2c', 'foo', 'websocket, foo']) {
  test(`a refusal of "Upgrade: ${upgrade}" closes the socket, from any plugin`, async (t) => {
    const world = await startSockets(t)
    for (const [anonymous, path, status] of [[true, '/socket', 401], [false, '/hooked', 403], [true, '/nowhere', 401], [false, '/nowhere', 404]] as const) {
      const { socket, text } = await dial(world, anonymous, path, upgrade)
      t.ok(await isSoon(() => socket.closed), `${path} closes`)
      socket.destroy()
      t.match(text(), new RegExp(`^HTTP/1\\.1 ${status}`), `${path} ${status}`)
    }
  })
}

test('an upgrade that nobody answers is closed when its time is over, and with the app', async (t) => {
  const silent = (settings: object): WorldOptions => ({
    settings,
    plugin: false,
    setup: ({ server }) => { server.on('upgrade', () => {}) }
  })
  const brief = await startWorld(t, silent({ gateOnly: true, upgradeTimeout: 50 }))
  const first = await dial(brief, false, '/')
  await first.closed
  t.equal(first.text(), '')
  const long = await startWorld(t, silent({ gateOnly: true }))
  const arrived = once(long.app.server, 'upgrade')
  const second = await dial(long, false, '/')
  await arrived
  await long.app.close()
  await second.closed
  t.equal(second.text(), '')
})

test('an upgrade that was answered outlives the time for the answer, in whatever form the answer is written', async (t) => {
  const head = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'
  const world = await startWorld(t, {
    plugin: false,
    settings: { gateOnly: true, upgradeTimeout: 50 },
    setup: ({ server }) => {
      server.on('upgrade', ({ url }: IncomingMessage, socket: Duplex) => {
        if (url === '/silent') return
        socket.write(url === '/octets' ? Buffer.from(head) : head)
        socket.pipe(socket)
      })
    }
  })
  for (const path of ['/text', '/octets']) {
    const { socket, text } = await dial(world, false, path)
    t.teardown(() => { socket.destroy() })
    await once(socket, 'data')
    // Its time began later.
    await (await dial(world, false, '/silent')).closed
    socket.write('ping')
    t.ok(await isSoon(() => text().endsWith('ping')), path)
  }
})

test('closing the app ends sockets that stay open, without waiting for drainTimeout', async (t) => {
  const world = await startWorld(t, {
    plugin: false,
    settings: { gateOnly: true, drainTimeout: 600_000 },
    setup: ({ server }) => { new WebSocketServer({ server }).on('connection', (socket) => { socket.send('hello') }) }
  })
  const { socket, closed, text } = await dial(world, false, '/')
  while (!text().includes('hello')) await once(socket, 'data')
  await world.app.close()
  await closed
  t.match(text(), /^HTTP\/1\.1 101/)
})

test('guardUpgrades is called once: a second call would replace the first', async (t) => {
  const world = await startWorld(t, { settings: { clientCertificate: 'optional' } })
  const { mtls } = world.app as any
  mtls.guardUpgrades('authenticated')
  t.throws(() => mtls.guardUpgrades('authenticated'), { code: 'MTLS_ERR_SERVER_OPTION', message: /called twice/ })
})

test('closing the app ends connections that never sent a whole request', async (t) => {
  for (const http2 of [false, true]) {
    const { app, port, ca } = await startWorld(t, { settings: { clientCertificate: 'optional', drainTimeout: 20, http2 } })
    const bodies = ['', 'GET /x HT', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc']
    const sockets = await Promise.all(bodies.map(async (bytes) => {
      const socket = connect({ port, host: '127.0.0.1', ca: ca.root, ALPNProtocols: ['http/1.1'] })
      socket.on('error', () => {})
      await once(socket, 'secureConnect')
      socket.write(bytes)
      return socket
    }))
    const closed = sockets.map(async (socket) => { if (!socket.closed) await once(socket.resume(), 'close') })
    await app.close()
    await Promise.all(closed)
    t.ok(sockets.every(({ destroyed }) => destroyed), `http2 ${http2}`)
  }
})

test('an upgrade that a route answers like any other request is closed after the answer', async (t) => {
  const world = await startWorld(t, {
    settings: { upgradeTimeout: 600_000 },
    setup: (app) => {
      app.mtls.guardUpgrades('authenticated')
      app.server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
        const response = new ServerResponse(request)
        response.assignSocket(socket as never)
        app.routing(request as never, response as never)
      })
    }
  })
  const { socket, text } = await dial(world, false, '/')
  t.ok(await isSoon(() => socket.closed))
  socket.destroy()
  t.match(text(), /^HTTP\/1\.1 200[^]*"cn":"client"/)
})

/** A socket of which the other side has gone: what is written to it fails. */
function brokenSocket (): Duplex {
  return new Duplex({ read () {}, write (_chunk, _encoding, done) { done(new Error('gone')) } })
}

test('no listener gets an upgrade whose client left while it was decided', async (t) => {
  const watch = new UpgradeWatch({
    sockets: new UpgradedSockets(), identify: () => null, timeout: 600_000, isStrict: () => true, onUnruled: () => {}
  })
  const seen: string[] = []
  const listeners = { routing: [], foreign: [({ url }: IncomingMessage) => { seen.push(url ?? '') }] }
  const decided = Promise.withResolvers<void>()
  watch.guard = async () => { await decided.promise }
  for (const url of ['/left', '/stayed']) {
    const socket = brokenSocket()
    watch.begin({ url, headers: {} } as unknown as IncomingMessage, socket, Buffer.alloc(0), listeners)
    if (url === '/left') socket.destroy()
    else t.teardown(() => { socket.destroy() })
  }
  decided.resolve()
  t.ok(await isSoon(() => seen.length > 0))
  t.strictSame(seen, ['/stayed'])
})

test('a refused upgrade whose client has gone ends nothing but its socket', async (t) => {
  const socket = brokenSocket()
  answerUpgrade(socket, { status: 401, headers: { 'content-type': 'text/plain', 'content-length': 2 } as never, body: 'no' })
  t.ok(await isSoon(() => socket.closed))
  t.match(socket.errored, { message: 'gone' })
})
