import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import http2 from 'node:http2'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock } from 'node:test'
import { createDevCa } from '@peerkit/dev-ca'
import type { ForwardedReaderOptions } from '@peerkit/forwarded'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import fastifyMtls from '../src/index.ts'
import { told } from './support/gateway.ts'

const ca = await createDevCa()
const behind = await ca.issue({ cn: 'behind' })
const HOME: ForwardedReaderOptions = { format: 'rfc9440', gateways: { addresses: ['127.0.0.1'] } }

async function start (t: Test, forwarded: ForwardedReaderOptions, listen: object = { host: '127.0.0.1', port: 0 }, server: object = {}): Promise<{ app: FastifyInstance, port: number, served: Promise<string> }> {
  const app = Fastify(server) as FastifyInstance
  t.after(async () => { await app.close() })
  await app.register(fastifyMtls, { forwarded })
  const served = Promise.withResolvers<string>()
  app.get('/', async (request) => {
    served.resolve('served')
    return { cn: request.peer.subject?.commonName }
  })
  await app.listen(listen)
  return { app, port: (app.server.address() as { port: number }).port, served: served.promise }
}

interface Test { after (task: () => unknown): void }

async function ask (options: object): Promise<{ status: number | undefined, body: any }> {
  const outgoing = request({ agent: false, ...options }).end()
  const [response] = await once(outgoing, 'response') as [IncomingMessage]
  return { status: response.statusCode, body: JSON.parse((await response.toArray()).join('')) }
}

test('behind a gateway on the same machine the server needs no TLS', async (t) => {
  const { port } = await start(t, HOME)
  t.match(await ask({ port, host: '127.0.0.1', headers: told(behind) }), { status: 200, body: { cn: 'behind' } })
  t.match(await ask({ port, host: '127.0.0.1' }), { status: 401, body: { code: 'MTLS_ERR_PEER_MISSING' } })
  t.match(await ask({ port, host: '127.0.0.1', headers: { ...told(behind), client_cert: 'x' } }), { status: 401, body: { code: 'MTLS_ERR_FORWARDED_REFUSED' } })
  t.match(await ask({ port, host: '127.0.0.1', localAddress: '127.0.0.2', headers: told(behind) }), { status: 401, body: { code: 'MTLS_ERR_FORWARDED_REFUSED' } })
})

test('X-Forwarded-For does not make the caller a gateway, even with trustProxy', async (t) => {
  const { port } = await start(t, HOME, { host: '127.0.0.1', port: 0 }, { trustProxy: true })
  const headers = { ...told(behind), 'x-forwarded-for': '127.0.0.1', forwarded: 'for=127.0.0.1', 'x-real-ip': '127.0.0.1' }
  t.match(await ask({ port, host: '127.0.0.1', localAddress: '127.0.0.2', headers }), { status: 401, body: { code: 'MTLS_ERR_FORWARDED_REFUSED' } })
})

test('without TLS HTTP/2 works the same', async (t) => {
  const { port } = await start(t, HOME, { host: '127.0.0.1', port: 0 }, { http2: true })
  const session = http2.connect(`http://127.0.0.1:${port}`)
  for (const [headers, expected] of [[told(behind), { cn: 'behind' }], [{}, { code: 'MTLS_ERR_PEER_MISSING' }]] as const) {
    t.match(JSON.parse((await session.request({ ':path': '/', ...headers }).setEncoding('utf8').toArray()).join('')), expected)
  }
  session.destroy()
})

test('whoever reaches the Unix socket is the gateway, if it is named', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-'))
  t.after(async () => { await rm(folder, { recursive: true }) })
  const named = join(folder, 'named.sock')
  const lines: any[] = []
  const logger = { level: 'warn', stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } }
  await start(t, { format: 'rfc9440', gateways: { unixSocket: true } }, { path: named }, { logger })
  t.match(await ask({ socketPath: named, headers: told(behind) }), { status: 200, body: { cn: 'behind' } })
  t.match(await ask({ socketPath: named }), { status: 401 })
  t.match(lines, [{ detail: 'the gateway on the Unix socket sent no client certificate; expected it in the header client-cert' }])
  const unnamed = join(folder, 'unnamed.sock')
  await start(t, HOME, { path: unnamed })
  t.match(await ask({ socketPath: unnamed, headers: told(behind) }), { status: 401 })
})

test('a connection that was reset is no Unix socket, though it has no address any more either', async (t) => {
  const { app, port, served } = await start(t, { format: 'rfc9440', gateways: { unixSocket: true } })
  app.server.prependListener('request', (message: IncomingMessage) => { message.socket.destroy() })
  const refused = new Promise((resolve) => {
    subscribe('peerkit:forwarded:refused', resolve)
    t.after(() => { unsubscribe('peerkit:forwarded:refused', resolve) })
  })
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(`GET / HTTP/1.1\r\nHost: x\r\nClient-Cert: ${told(behind)['client-cert']}\r\n\r\n`)
  t.match(await Promise.race([refused, served]), { reason: 'untrusted_sender', remoteAddress: undefined })
})

test('a validator that never answers is waited for five seconds', async (t) => {
  const timers = mock.timers
  t.after(() => { timers.reset() })
  let asked: () => void = () => {}
  const isAsked = new Promise<void>((resolve) => { asked = resolve })
  const validator = { validate: async () => { asked(); return await new Promise<never>(() => {}) } }
  const { port } = await start(t, { ...HOME, verification: 'in-process', validator })
  timers.enable({ apis: ['setTimeout'] })
  const answer = ask({ port, host: '127.0.0.1', headers: told(behind) })
  await isAsked
  timers.tick(5_000)
  t.match(await answer, { status: 401, body: { code: 'MTLS_ERR_FORWARDED_REFUSED' } })
})
