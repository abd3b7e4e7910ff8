// CONNECT, of HTTP/1.1 and of HTTP/2 (RFC 8441): no route serves it, so no rule holds for it.
import { once } from 'node:events'
import http2 from 'node:http2'
import type { ClientHttp2Stream } from 'node:http2'
import { connect } from 'node:tls'
import type { PeerIdentity } from '@peerkit/identity'
import { isSoon } from '@peerkit/test-support/turns'
import { test } from 'tap'
import { pair, startWorld } from './support/world.ts'
import type { World, WorldOptions } from './support/world.ts'

/** Longer than a test may take: whatever is not closed at once keeps `app.close()` waiting. */
const NEVER = 600_000

interface Tunnel {
  readonly stream: ClientHttp2Stream
  /** The status, once the server has ended the whole stream. The client leaves its own side open. */
  readonly closed: Promise<{ status: number | undefined, text: string, rstCode: number | undefined }>
}

/** Opens a tunnel through HTTP/2, and never ends the client's side of it. */
async function openTunnel ({ origin, ca, client }: World, isStranger: boolean, path = '/'): Promise<Tunnel> {
  const session = http2.connect(origin, { ca: ca.root, ...(isStranger ? {} : pair(client)) })
  session.on('error', () => {})
  await once(session, 'remoteSettings')
  const headers = { ':method': 'CONNECT', ':protocol': 'websocket', ':path': path }
  const stream = session.request(headers, { endStream: false })
  let status: number | undefined
  let text = ''
  stream.on('response', (headers) => { status = headers[':status'] })
  stream.on('data', (chunk) => { text += String(chunk) })
  stream.on('error', () => {})
  return { stream, closed: once(stream, 'close').then(() => ({ status, text, rstCode: stream.rstCode })) }
}

/** An app that says what it logs. */
async function start (t: any, { settings, ...options }: WorldOptions): Promise<World & { lines: any[] }> {
  const lines: any[] = []
  const stream = { write (line: string) { lines.push(JSON.parse(line)) } }
  const world = await startWorld(t, {
    settings: { drainTimeout: NEVER, upgradeTimeout: NEVER, ...settings },
    fastify: { https: { settings: { enableConnectProtocol: true } }, logger: { level: 'warn', stream } },
    ...options
  })
  return { ...world, lines }
}

const optional: WorldOptions = { settings: { http2: true, clientCertificate: 'optional' } }

test('HTTP/2: a stranger gets 401 and a client 405, the stream is closed, and the app closes', async (t) => {
  const world = await start(t, { settings: { ...optional.settings, drainTimeout: NEVER } })
  const stranger = await (await openTunnel(world, true, '/chat?token=hush')).closed
  t.match(stranger, { status: 401, rstCode: http2.constants.NGHTTP2_NO_ERROR })
  t.match(JSON.parse(stranger.text), { statusCode: 401, code: 'MTLS_ERR_PEER_MISSING' })
  const client = await (await openTunnel(world, false)).closed
  t.match(client, { status: 405, rstCode: http2.constants.NGHTTP2_NO_ERROR })
  t.same(JSON.parse(client.text), { statusCode: 405, error: 'Method Not Allowed', message: 'Method Not Allowed' })
  await world.app.close()
  t.match(world.lines, [
    { level: 40, msg: 'CONNECT refused: no route serves it', path: '/chat', statusCode: 401 },
    { level: 40, path: '/', statusCode: 405, peer: 'CN=client' }
  ])
  t.equal(world.lines.length, 2)
})

test('HTTP/2: a client that is no longer trusted gets 401, and the app closes', async (t) => {
  const blocked = new Set<string>()
  const world = await start(t, {
    settings: {
      ...optional.settings, drainTimeout: NEVER, block: ({ subject }: any) => blocked.has(subject?.commonName ?? '')
    } as any
  })
  const session = http2.connect(world.origin, { ca: world.ca.root, ...pair(world.client) })
  session.on('error', () => {})
  await once(session, 'remoteSettings')
  blocked.add('client')
  const stream = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/' }, { endStream: false })
  const [headers] = await once(stream, 'response')
  t.equal(headers[':status'], 401)
  stream.resume()
  if (!stream.closed) await once(stream, 'close')
  await world.app.close()
})

/** An app without the plugin, where a listener of its own answers CONNECT. */
function listening (onConnect: (request: any, response: any) => void, settings: object = {}): WorldOptions {
  return {
    plugin: false,
    settings: { gateOnly: true, drainTimeout: NEVER, ...settings },
    setup: ({ server }) => { server.on('connect', onConnect) }
  }
}

test('HTTP/2: what a listener refuses is closed, and the app closes', async (t) => {
  const world = await start(t, listening((request, response) => {
    // Node itself closes a stream of which nothing was read.
    if (request.url === '/read') request.resume()
    response.writeHead(403)
    response.end('no')
  }, { http2: true }))
  for (const path of ['/', '/read']) {
    const { stream, closed } = await openTunnel(world, false, path)
    t.ok(await isSoon(() => stream.destroyed), path)
    stream.destroy()
    const { status, text } = await closed
    t.match({ status, text }, { status: 403, text: 'no' })
  }
  await world.app.close()
  t.same(world.lines, [])
})

test('HTTP/2: a tunnel that nobody answers is closed when its time is over, and with the app', async (t) => {
  const brief = await start(t, listening(() => {}, { http2: true, upgradeTimeout: 50 }))
  t.equal((await (await openTunnel(brief, false)).closed).status, undefined)
  await brief.app.close()
  const long = await start(t, listening(() => {}, { http2: true }))
  const arrived = once(long.app.server, 'connect')
  const { closed } = await openTunnel(long, false)
  await arrived
  await long.app.close()
  t.equal((await closed).status, undefined)
})

test('HTTP/2: an open tunnel outlives the time for the answer, and is closed with the app', async (t) => {
  const world = await start(t, listening(({ url }, response) => {
    if (url === '/silent') return
    response.writeHead(200)
    response.stream.pipe(response.stream)
  }, { http2: true, upgradeTimeout: 50 }))
  const { stream, closed } = await openTunnel(world, false)
  await once(stream, 'response')
  // Its time began later.
  await (await openTunnel(world, false, '/silent')).closed
  stream.write('ping')
  t.equal(String((await once(stream, 'data'))[0]), 'ping')
  await world.app.close()
  t.equal((await closed).status, 200)
})

test('HTTP/1.1: a client that is no longer trusted gets 401, and the connection is closed', async (t) => {
  for (const http2 of [false, true]) {
    const blocked = new Set<string>()
    const block = ({ subject }: PeerIdentity): boolean => blocked.has(subject?.commonName ?? '')
    const world = await start(t, { settings: { http2, drainTimeout: NEVER, block } })
    const ALPNProtocols = ['http/1.1']
    const socket = connect({
      host: '127.0.0.1', port: world.port, ca: world.ca.root, ALPNProtocols, ...pair(world.client)
    })
    let text = ''
    socket.on('data', (chunk) => { text += String(chunk) })
    socket.on('error', () => {})
    socket.write('GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n')
    t.ok(await isSoon(() => text.includes('HTTP/1.1 404')), 'accepted until then')
    text = ''
    blocked.add('client')
    socket.write('CONNECT db.example:5432 HTTP/1.1\r\nHost: db.example:5432\r\n\r\n')
    await once(socket, 'close')
    t.match(text, /^HTTP\/1\.1 401 Unauthorized[^]*"code":"MTLS_ERR_PEER_NO_LONGER_TRUSTED"/)
    await world.app.close()
  }
})

test('HTTP/1.1: a refused CONNECT is answered, closed and logged', async (t) => {
  for (const http2 of [false, true]) {
    const world = await start(t, { settings: { http2, clientCertificate: 'optional', drainTimeout: NEVER } })
    const ask = async (isStranger: boolean): Promise<string> => {
      const socket = connect({
        host: '127.0.0.1',
        port: world.port,
        ca: world.ca.root,
        ALPNProtocols: ['http/1.1'],
        ...(isStranger ? {} : pair(world.client))
      })
      let text = ''
      socket.on('data', (chunk) => { text += String(chunk) })
      socket.on('error', () => {})
      socket.write('CONNECT db.example:5432 HTTP/1.1\r\nHost: db.example:5432\r\n\r\n')
      await once(socket, 'close')
      return text
    }
    t.match(await ask(true), /^HTTP\/1\.1 401 Unauthorized[^]*"code":"MTLS_ERR_PEER_MISSING"/)
    t.match(await ask(false), /^HTTP\/1\.1 405 Method Not Allowed/)
    await world.app.close()
    t.match(world.lines, [
      { level: 40, msg: 'CONNECT refused: no route serves it', path: 'db.example:5432', statusCode: 401 },
      { level: 40, path: 'db.example:5432', statusCode: 405, peer: 'CN=client', remoteAddress: '127.0.0.1' }
    ])
  }
})
