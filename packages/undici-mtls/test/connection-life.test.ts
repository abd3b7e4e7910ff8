// What becomes of connections, and of what an agent listens to, when something ends or changes.
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { mock } from 'node:test'
import { blockMemory, memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { RevocationChecker, RevocationStatus } from '@peerkit/revocation'
import { createLedger } from '@peerkit/test-support/ledger'
import { startServer } from '@peerkit/test-support/listen'
import type { ServerSettings } from '@peerkit/test-support/listen'
import { rejection } from '@peerkit/test-support/rejection'
import { isSoon } from '@peerkit/test-support/turns'
import { test } from 'tap'
import { MtlsAgent } from '../src/index.ts'

const { ca, server, client, credentials } = await createLedger()
const renewed = await ca.issue({ cn: 'orders-2', profile: 'client' })

/** A checker that says how many listen to it, and moves when the test says so. */
function countedChecker (check: () => RevocationStatus = () => ({ state: 'good', source: 'ocsp', until: Infinity })) {
  const moved = new EventEmitter()
  const checker = {
    epoch: 1,
    check,
    permits: ({ state }: RevocationStatus) => state === 'good',
    subscribe (listener: () => void) {
      moved.on('moved', listener)
      return () => { moved.off('moved', listener) }
    },
    close: async () => {}
  }
  return {
    checker: checker as RevocationChecker,
    listening: () => moved.listenerCount('moved'),
    move () {
      checker.epoch += 1
      moved.emit('moved')
    }
  }
}

const read = async (agent: MtlsAgent, origin: string, path = '/'): Promise<string> => {
  return await (await agent.request({ origin, path, method: 'GET' })).body.text()
}

test('an idle connection is closed when the checker of the agent has news', async (t) => {
  const listening = await startServer({ identity: server })
  const { checker, move } = countedChecker()
  const agent = new MtlsAgent({ credentials, revocation: checker })
  t.teardown(async () => { await agent.destroy(); await listening.close() })
  await read(agent, listening.origin)
  t.equal(listening.sockets.size, 1)
  move()
  t.ok(await isSoon(() => listening.sockets.size === 0))
})

for (const end of ['close', 'destroy'] as const) {
  test(`an agent listens to nothing after ${end}()`, async (t) => {
    const { checker, listening } = countedChecker()
    const block = blockMemory([])
    const subscribe = block.subscribe.bind(block)
    let blocks = 0
    block.subscribe = (listener) => {
      blocks += 1
      const stop = subscribe(listener)
      return () => {
        blocks -= 1
        stop()
      }
    }
    const agent = new MtlsAgent({ credentials, revocation: checker, block })
    t.strictSame([listening(), blocks], [1, 1])
    await agent[end]()
    t.strictSame([listening(), blocks], [0, 0])
  })
}

test('a connection whose server is refused is closed', async (t) => {
  const listening = await startServer({ identity: server })
  const agent = new MtlsAgent({ credentials, allowedServers: { spiffe: 'spiffe://prod.example/other' } })
  t.teardown(async () => { await agent.destroy(); await listening.close() })
  t.match(await rejection(agent.request({ origin: listening.origin, path: '/', method: 'GET' })), { code: /^MTLS_ERR_OUTBOUND_/ })
  t.equal(listening.accepted(), 1)
  t.ok(await isSoon(() => listening.sockets.size === 0))
})

/** A handler that never answers requests to /held. */
function createHolding (): { readonly handler: NonNullable<ServerSettings['handler']>, readonly held: Promise<void>, readonly release: () => void } {
  const [arrived, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const handler: NonNullable<ServerSettings['handler']> = (request, response) => {
    const answer = (): void => { request.resume().on('end', () => { response.end('done') }) }
    if (request.url !== '/held') { answer(); return }
    arrived.resolve()
    released.promise.then(answer, answer)
  }
  return { handler, held: arrived.promise, release: released.resolve }
}

test('destroy() ends also the calls that run on connections of former credentials', async (t) => {
  const { handler, held } = createHolding()
  const listening = await startServer({ identity: server, handler })
  const source = memoryCredentials({ cert: client.chain, key: client.key, ca: ca.root })
  const agent = new MtlsAgent({ credentials: source })
  t.teardown(async () => { await listening.close() })
  let failed: unknown
  read(agent, listening.origin, '/held').catch((error: unknown) => { failed = error })
  await held
  source.update({ cert: renewed.chain, key: renewed.key })
  agent.destroy().catch(() => {})
  t.ok(await isSoon(() => failed !== undefined && listening.sockets.size === 0))
  t.match(failed, { code: 'UND_ERR_DESTROYED' })
})

test('destroy() ends also the calls for which a close() waits', async (t) => {
  const { handler, held } = createHolding()
  const listening = await startServer({ identity: server, handler })
  const agent = new MtlsAgent({ credentials })
  t.teardown(async () => { await listening.close() })
  let [failed, closed]: unknown[] = []
  read(agent, listening.origin, '/held').catch((error: unknown) => { failed = error })
  await held
  agent.close().then(() => { closed = true }, () => {})
  t.notOk(await isSoon(() => closed === true))
  agent.destroy().catch(() => {})
  t.ok(await isSoon(() => failed !== undefined && closed === true && listening.sockets.size === 0))
})

test('a request that waits on a connection of a former certificate is not written once the trust is gone, too', async (t) => {
  const { handler, held, release } = createHolding()
  const listening = await startServer({ identity: server, handler })
  const source = memoryCredentials({ cert: client.chain, key: client.key, ca: ca.root })
  const agent = new MtlsAgent({ credentials: source, pipelining: 10, connections: 1 })
  t.teardown(async () => { await agent.destroy(); await listening.close() })
  const first = read(agent, listening.origin, '/held')
  await held
  // Not idempotent: undici keeps it in the connection's queue until what runs is done.
  const second = rejection(agent.request({ origin: listening.origin, path: '/second', method: 'POST', body: 'secret' }))
  source.update({ cert: renewed.chain, key: renewed.key })
  source.update({ ca: (await createDevCa()).root })
  release()
  t.equal(await first, 'done')
  t.match(await second, { code: 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED' })
  t.same(listening.seen, ['/held'])
})

test('an answer about a server is asked for again each time that it is due', async (t) => {
  const life = 100_000
  const start = Date.now()
  let [time, asked] = [start, 0]
  const { checker } = countedChecker()
  // The first answer holds up the connection; the others come while requests go on.
  checker.check = () => {
    asked += 1
    const answer: RevocationStatus = { state: 'good', source: 'ocsp', until: time + life }
    return asked === 1 ? answer : Promise.resolve(answer)
  }
  const listening = await startServer({ identity: server })
  const agent = new MtlsAgent({ credentials, revocation: checker, now: () => time, connections: 1 })
  t.teardown(async () => { await agent.destroy(); await listening.close() })
  for (const expected of [1, 2, 3, 4]) {
    await read(agent, listening.origin)
    t.ok(await isSoon(() => asked === expected), `${expected}`)
    time += 0.9 * life
  }
  t.equal(listening.accepted(), 1, 'all on one connection')
})

test('a proxy is told an IPv6 address in brackets', async (t) => {
  const asked: string[] = []
  const proxy = createServer().on('connect', ({ url = '' }: IncomingMessage, socket: Socket) => {
    asked.push(url)
    socket.on('error', () => {}).end('HTTP/1.1 403 Forbidden\r\n\r\n')
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const agent = new MtlsAgent({ credentials, proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` })
  t.teardown(async () => { await agent.destroy(); proxy.close() })
  for (const origin of ['https://[::1]:8443', 'https://[2001:db8::7]', 'https://192.0.2.7']) {
    t.match(await rejection(agent.request({ origin, path: '/', method: 'GET' })), { reason: 'proxy' })
  }
  t.same(asked, ['[::1]:8443', '[2001:db8::7]:443', '192.0.2.7:443'])
})

// The last one: undici keeps the mocked timers.
test('the time for connecting ends with the connection: it does not cut it later', async (t) => {
  const listening = await startServer({ identity: server })
  mock.timers.enable({ apis: ['setTimeout'] })
  const agent = new MtlsAgent({ credentials, connectTimeout: 5_000, keepAliveTimeout: 600_000, keepAliveMaxTimeout: 600_000 })
  t.teardown(async () => { mock.timers.reset(); await agent.destroy(); await listening.close() })
  await read(agent, listening.origin)
  const [socket] = [...listening.sockets]
  mock.timers.tick(60_000)
  t.notOk(await isSoon(() => socket?.destroyed === true))
  t.equal(await read(agent, listening.origin, '/again'), '/again')
  t.equal(listening.accepted(), 1)
})
