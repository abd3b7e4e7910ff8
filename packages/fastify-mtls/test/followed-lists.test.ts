// Lists of revoked certificates that change without new credentials: those in use are followed, and no others.
import { once } from 'node:events'
import { mock } from 'node:test'
import fastifyWebsocket from '@fastify/websocket'
import { blockMemory, memoryCredentials, memoryTrust } from '@peerkit/credentials'
import type { Clock } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import type { RevocationChecker } from '@peerkit/revocation'
import { isSoon } from '@peerkit/test-support/turns'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import WebSocket from 'ws'
import fastifyMtls, { mtlsServerOptions } from '../src/index.ts'
import { dial } from './support/dial.ts'
import { told } from './support/gateway.ts'
import { GOOD, stubChecker } from './support/watched.ts'
import { startWorld } from './support/world.ts'

/** Before a WebSocket is looked at anyway. */
const ENDS_AFTER = 20_000

/** Mocked time: the sources of this process keep that of the system. */
const clock: Clock = {
  now: () => Date.now(),
  schedule (task, delay) {
    const timer = setTimeout(task, delay)
    return () => { clearTimeout(timer) }
  }
}

// Time passes when a test says so. Once for all tests of the file: a second start of the mock misses timers.
mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() })
const pass = (milliseconds: number): void => { mock.timers.tick(milliseconds) }

const HOUR = 3_600_000

/** A list that lasts. */
async function longList (ca: DevCa): Promise<string> {
  return (await ca.crl({ thisUpdate: new Date(Date.now() - 2 * HOUR) })).pem
}

/** A newer one that ends soon. */
async function shortList (ca: DevCa): Promise<string> {
  const nextUpdate = new Date(Date.now() + ENDS_AFTER)
  return (await ca.crl({ thisUpdate: new Date(Date.now() - HOUR), nextUpdate })).pem
}

test('a server hears of the end of a list that came with new credentials', async (t) => {
  const ca = await createDevCa()
  const world = await startWorld(t, { ca, material: { crl: await longList(ca), clock } as object, settings: { now: clock.now } })
  const idle = await dial(world, 'HTTP/1.1', { cert: world.client.chain, key: world.client.key })
  t.equal(await idle.ask(), 200)
  world.credentials.update({ crl: await shortList(world.ca) })
  pass(ENDS_AFTER - 2_000)
  await isSoon(() => world.ended.length > 0)
  t.strictSame(world.ended, [])
  pass(3_000)
  t.ok(await isSoon(() => world.ended.length > 0), 'no request has asked')
  t.match(world.ended, [{ reason: 'revocation_unknown' }])
  await idle.close()
})

test('a server behind a gateway hears of it, too', async (t) => {
  const ca = await createDevCa()
  const trust = memoryTrust({ ca: ca.root, crl: await longList(ca), clock })
  t.after(async () => { await trust.close() })
  const app = Fastify()
  t.after(async () => { await app.close() })
  await app.register(fastifyMtls, { trust, forwarded: { format: 'rfc9440', gateways: { addresses: ['127.0.0.1'] } } })
  await app.register(fastifyWebsocket)
  app.get('/socket', { websocket: true }, (socket) => { socket.send('hello') })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as { port: number }
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`, { headers: told(await ca.issue({ cn: 'behind' })) })
  await once(socket, 'message')
  trust.update({ ca: ca.root, crl: await shortList(ca) })
  pass(ENDS_AFTER + 1_000)
  t.ok(await isSoon(() => socket.readyState === WebSocket.CLOSED))
  socket.terminate()
})

/** A checker that says how many listen to it. */
function countedChecker (): { checker: RevocationChecker, listening: () => number } {
  let count = 0
  const subscribe = (): () => void => {
    count += 1
    return () => { count -= 1 }
  }
  return { checker: Object.assign(stubChecker(() => GOOD), { subscribe }), listening: () => count }
}

/** Counts who listens to a source from now on. */
function countListeners (given: object): () => number {
  const source = given as { subscribe (listener: (change: object) => void): () => void }
  let count = 0
  const subscribe = source.subscribe.bind(source)
  source.subscribe = (listener) => {
    const end = subscribe(listener)
    count += 1
    return () => {
      count -= 1
      end()
    }
  }
  return () => count
}

test('an app that is closed listens to its trust, credentials and block list no more', async (t) => {
  const ca = await createDevCa()
  const [trust, blocked, ofServer] = [memoryTrust({ ca: ca.root }), blockMemory([]), blockMemory([])]
  const listening = [trust, blocked].map(countListeners)
  const plain = Fastify()
  const forwarded = { format: 'rfc9440', gateways: { addresses: ['127.0.0.1'] } } as const
  await plain.register(fastifyMtls, { trust, block: blocked, forwarded })
  for (const count of listening) t.not(count(), 0)
  await plain.close()
  t.same(listening.map((count) => count()), [0, 0], 'behind a gateway')

  const { cert, key } = await ca.issue({ cn: 'server', dns: 'localhost' })
  const credentials = memoryCredentials({ cert, key, ca: ca.root })
  t.after(async () => { for (const source of [trust, credentials, blocked, ofServer]) await source.close() })
  const heard = [credentials, ofServer].map(countListeners)
  const app: FastifyInstance<any, any, any, any> = Fastify(mtlsServerOptions(credentials, { block: ofServer }) as any)
  await app.register(fastifyMtls)
  await app.listen({ host: '127.0.0.1', port: 0 })
  for (const count of heard) t.not(count(), 0)
  await app.close()
  t.same(heard.map((count) => count()), [0, 0], 'with a server of its own')
})

test('an app that is closed listens to nothing any more: one behind a gateway, one that served, and one that never did', async (t) => {
  const ca = await createDevCa()
  const served = countedChecker()
  const world = await startWorld(t, { settings: { revocation: served.checker } })
  t.equal(served.listening(), 1)
  await world.app.close()
  t.equal(served.listening(), 0)

  const behind = countedChecker()
  const plain = Fastify()
  const trust = memoryTrust({ ca: ca.root })
  t.after(async () => { await trust.close() })
  const forwarded = { format: 'rfc9440', gateways: { addresses: ['127.0.0.1'] } } as const
  await plain.register(fastifyMtls, { trust, revocation: behind.checker, forwarded })
  t.equal(behind.listening(), 1)
  await plain.close()
  t.equal(behind.listening(), 0)

  const unused = countedChecker()
  const settings = mtlsServerOptions(world.credentials, { revocation: unused.checker })
  const app: FastifyInstance<any, any, any, any> = Fastify(settings as any)
  await app.register(fastifyMtls)
  await app.ready()
  await app.close()
  t.equal(unused.listening(), 0)
})
