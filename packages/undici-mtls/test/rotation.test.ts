import { test } from 'tap'
import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { RevocationChecker, RevocationStatus } from '@peerkit/revocation'
import { MtlsAgent, getServerIdentity } from '../src/index.ts'
import { createLedger } from '@peerkit/test-support/ledger'
import { startHttp2Server, startServer } from '@peerkit/test-support/listen'
import type { ServerSettings } from '@peerkit/test-support/listen'
import { rejection } from '@peerkit/test-support/rejection'
import { isSoon } from '@peerkit/test-support/turns'

const { ca, server, client, credentials } = await createLedger()
const renewed = await ca.issue({ cn: 'orders-2', profile: 'client' })

/** A handler that answers with the client's CN, and holds requests to /held until it is told. */
function createHolding (): { readonly handler: NonNullable<ServerSettings['handler']>, readonly release: () => void, readonly held: Promise<unknown> } {
  const { promise, resolve } = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const handler: NonNullable<ServerSettings['handler']> = (request, response) => {
    const { CN } = (request.socket as any).getPeerCertificate().subject
    const answer = (): void => { request.resume().on('end', () => { response.end(CN) }) }
    if (!request.url?.startsWith('/held')) { answer(); return }
    arrived.resolve()
    promise.then(answer, answer)
  }
  return { handler, release: resolve, held: arrived.promise }
}

const make = (): ReturnType<typeof memoryCredentials> => memoryCredentials({ cert: client.chain, key: client.key, ca: ca.root })
const rotate = (source: ReturnType<typeof make>): void => { source.update({ cert: renewed.chain, key: renewed.key }) }

test('new requests go by the new certificate at once; the one in flight is finished, then its connection closes', async (t) => {
  const { handler, release, held } = createHolding()
  const listening = await startServer({ identity: server, handler })
  const source = make()
  const agent = new MtlsAgent({ credentials: source })
  t.teardown(async () => { await agent.close(); await listening.close() })
  const get = async (path: string): Promise<string> => await (await agent.request({ origin: listening.origin, path, method: 'GET' })).body.text()
  const first = get('/held')
  await held
  const [socket] = [...listening.sockets]
  rotate(source)
  t.equal(await get('/'), 'orders-2')
  t.equal(listening.accepted(), 2)
  t.equal(socket?.destroyed, false)
  release()
  t.equal(await first, 'orders')
  if (socket?.destroyed === false) await once(socket, 'close')
  t.equal(await get('/'), 'orders-2')
  t.equal(listening.accepted(), 2, 'and the new connection is kept')
})

test('an idle connection is closed on rotation', async (t) => {
  const listening = await startServer({ identity: server })
  const source = make()
  const agent = new MtlsAgent({ credentials: source })
  t.teardown(async () => { await agent.close(); await listening.close() })
  await (await agent.request({ origin: listening.origin, path: '/', method: 'GET' })).body.dump()
  const [socket] = [...listening.sockets]
  const closed = once(socket as NonNullable<typeof socket>, 'close')
  rotate(source)
  await closed
  t.equal(listening.sockets.size, 0)
})

test('requests that wait for a connection move on to the new ones', async (t) => {
  const { handler, release, held } = createHolding()
  const listening = await startServer({ identity: server, handler })
  const source = make()
  const agent = new MtlsAgent({ credentials: source, connections: 1 })
  t.teardown(async () => { await agent.close(); await listening.close() })
  const get = async (path: string): Promise<string> => await (await agent.request({ origin: listening.origin, path, method: 'GET' })).body.text()
  const first = get('/held')
  await held
  const waiting = Promise.all(Array.from({ length: 5 }, async () => await get('/')))
  rotate(source)
  release()
  t.equal(await first, 'orders')
  t.same(await waiting, Array(5).fill('orders-2'))
})

/** Each rotation costs as many handshakes as there are callers: few are enough, and the benchmark `rotation` has more. */
const ROTATIONS = 30
const CALLERS = 16
/** Requests that are to be answered between two rotations. */
const ANSWERS_EACH = 25
/** Connections of the generation in force, and of a few before it whose requests are still in flight. */
const MOST_SOCKETS = 5 * CALLERS

for (const [title, start, options] of [['HTTP/1.1', startServer, {}], ['pipelined HTTP/1.1', startServer, { pipelining: 4, connections: 1 }], ['HTTP/2', startHttp2Server, { allowH2: true }]] as const) {
  test(`${title}: rotations under traffic lose no request and leave few sockets open`, async (t) => {
    const listening = await start({ identity: server })
    const source = make()
    const agent = new MtlsAgent({ credentials: source, ...options })
    t.teardown(async () => { await agent.close(); await listening.close() })
    const state = { running: true, answered: 0 }
    let mostSockets = 0
    const failures: unknown[] = []
    const call = async (index: number): Promise<void> => {
      while (state.running) {
        try {
          const { body, statusCode } = await agent.request({ origin: listening.origin, path: `/${index}`, method: index % 2 === 0 ? 'GET' : 'POST', ...(index % 2 === 1 && { body: `body ${index}` }) })
          if (await body.text() !== `/${index}` || statusCode !== 200) throw new Error(`wrong answer to ${index}`)
          state.answered++
        } catch (error) {
          failures.push(error)
          state.running = false
        }
      }
    }
    const calls = Array.from({ length: CALLERS }, async (_, index) => { await call(index) })
    for (let rotation = 0; rotation < ROTATIONS && state.running; rotation++) {
      const goal = state.answered + ANSWERS_EACH
      while (state.answered < goal && state.running) await new Promise((resolve) => { setImmediate(resolve) })
      const { chain, key } = rotation % 2 === 0 ? renewed : client
      source.update({ cert: chain, key })
      mostSockets = Math.max(mostSockets, listening.sockets.size)
    }
    state.running = false
    await Promise.all(calls)
    t.same(failures, [])
    t.ok(state.answered >= ROTATIONS * ANSWERS_EACH)
    t.ok(mostSockets <= MOST_SOCKETS, `${mostSockets} sockets at most`)
  })
}

test('a request given to a connection but not begun is not written when the trust was removed meanwhile', async (t) => {
  const { handler, release, held } = createHolding()
  const listening = await startServer({ identity: server, handler })
  const source = make()
  const agent = new MtlsAgent({ credentials: source, pipelining: 10, connections: 1 })
  t.teardown(async () => { await agent.destroy(); await listening.close() })
  const first = agent.request({ origin: listening.origin, path: '/held', method: 'GET' })
  await held
  // Not idempotent: undici keeps it in the connection's queue until what runs is done.
  const second = rejection(agent.request({ origin: listening.origin, path: '/second', method: 'POST', body: 'secret' }))
  const other = await createDevCa()
  source.update({ ca: other.root })
  release()
  t.equal(await (await first).body.text(), 'orders')
  t.match(await second, { code: 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED' })
  t.same(listening.seen, ['/held'])
})

test('a stream that waits is sent whole by the new connection', async (t) => {
  const { handler, release, held } = createHolding()
  const bodies: string[] = []
  const listening = await startServer({
    identity: server,
    handler: (request, response) => {
      if (request.url === '/held') { handler(request, response); return }
      let text = ''
      request.on('data', (chunk) => { text += chunk }).on('end', () => {
        bodies.push(text)
        response.end('ok')
      })
    }
  })
  const source = make()
  const agent = new MtlsAgent({ credentials: source, pipelining: 10, connections: 1 })
  t.teardown(async () => { await agent.close(); await listening.close() })
  const first = agent.request({ origin: listening.origin, path: '/held', method: 'GET' })
  await held
  const { Readable } = await import('node:stream')
  const second = agent.request({ origin: listening.origin, path: '/second', method: 'POST', body: Readable.from(['one ', 'two']) })
  const other = await createDevCa()
  source.update({ ca: [ca.root, other.root] })
  release()
  await (await first).body.dump()
  await (await second).body.dump()
  t.same(bodies, ['one two'])
  t.equal(listening.accepted(), 2)
})

test('a CA that is removed ends kept connections and sessions', async (t) => {
  const listening = await startServer({ identity: server })
  const other = await createDevCa()
  const source = memoryCredentials({ cert: client.chain, key: client.key, ca: [ca.root, other.root] })
  const agent = new MtlsAgent({ credentials: source })
  t.teardown(async () => { await agent.destroy(); await listening.close() })
  await (await agent.request({ origin: listening.origin, path: '/1', method: 'GET' })).body.dump()
  source.update({ ca: other.root })
  t.match(await rejection(agent.request({ origin: listening.origin, path: '/2', method: 'GET' })), { code: 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED', reason: 'unknown_ca' })
  t.same(listening.seen, ['/1'])
})

test('a listener that is told of the rotation before the agent already calls by the new credentials', async (t) => {
  const { handler } = createHolding()
  const listening = await startServer({ identity: server, handler })
  const source = make()
  const got = Promise.withResolvers<string>()
  source.subscribe(() => { got.resolve(agent.request({ origin: listening.origin, path: '/', method: 'GET' }).then(async ({ body }) => await body.text())) })
  const agent = new MtlsAgent({ credentials: source })
  t.teardown(async () => { await agent.close(); await listening.close() })
  await (await agent.request({ origin: listening.origin, path: '/', method: 'GET' })).body.dump()
  rotate(source)
  t.equal(await got.promise, 'orders-2')
})

test('a server revoked while its connection is kept gets no further request', async (t) => {
  const doomed = await ca.issue({ cn: 'doomed', ip: '127.0.0.1' })
  const listening = await startServer({ identity: doomed })
  const source = memoryCredentials({ cert: client.chain, key: client.key, ca: ca.root, crl: (await ca.crl()).pem })
  const agent = new MtlsAgent({ credentials: source })
  t.teardown(async () => { await agent.destroy(); await listening.close() })
  await (await agent.request({ origin: listening.origin, path: '/1', method: 'GET' })).body.dump()
  ca.revoke(doomed)
  source.update({ crl: (await ca.crl()).pem })
  t.match(await rejection(agent.request({ origin: listening.origin, path: '/2', method: 'GET' })), { code: 'MTLS_ERR_OUTBOUND_SERVER_REVOKED' })
  t.same(listening.seen, ['/1'])
})

test('a request waits for the answer of a checker that moved, although the last answer has not ended', async (t) => {
  const listening = await startServer({ identity: server })
  const answer = Promise.withResolvers<RevocationStatus>()
  const good: RevocationStatus = { state: 'good', source: 'ocsp', until: Infinity }
  const revocation: RevocationChecker & { epoch: number } = {
    epoch: 0,
    check: () => revocation.epoch === 0 ? good : answer.promise,
    permits: ({ state }) => state === 'good',
    // It tells nobody: the agent has to see for itself.
    subscribe: () => () => {},
    close: async () => {}
  }
  const agent = new MtlsAgent({ credentials, revocation })
  t.teardown(async () => { await agent.destroy(); await listening.close() })
  await (await agent.request({ origin: listening.origin, path: '/1', method: 'GET' })).body.dump()
  revocation.epoch += 1
  const second = rejection(agent.request({ origin: listening.origin, path: '/2', method: 'GET' }))
  t.ok(await isSoon(() => listening.accepted() === 2), 'another one is opened')
  t.same(listening.seen, ['/1'], 'the kept connection is not used')
  answer.resolve({ state: 'revoked', source: 'ocsp', reason: undefined, revokedAt: undefined })
  t.match(await second, { code: 'MTLS_ERR_OUTBOUND_SERVER_REVOKED' })
  t.same(listening.seen, ['/1'])
})

test('while an answer is asked for again a kept connection carries requests, until its server ends or is refused', async (t) => {
  const MINUTE = 60_000
  for (const end of ['the certificate ends', 'the answer says revoked']) {
    const start = Date.now()
    let time = start
    const brief = await ca.issue({ cn: 'brief', ip: '127.0.0.1', notAfter: new Date(start + 60 * MINUTE) })
    const listening = await startServer({ identity: brief })
    const again = Promise.withResolvers<RevocationStatus>()
    const revocation: RevocationChecker = {
      epoch: 0,
      // The next answer is asked for at 85 % of this one's time.
      check: () => time === start ? { state: 'good', source: 'ocsp', until: start + 70 * MINUTE } : again.promise,
      permits: ({ state }) => state === 'good',
      subscribe: () => () => {},
      close: async () => {}
    }
    const agent = new MtlsAgent({ credentials, revocation, connections: 1, now: () => time })
    t.teardown(async () => { await agent.destroy(); await listening.close() })
    const get = async (path: string): Promise<unknown> => await (await agent.request({ origin: listening.origin, path, method: 'GET' })).body.dump()
    await get('/1')
    time = start + 59.8 * MINUTE
    await get('/2')
    t.equal(listening.accepted(), 1, 'the same connection')
    if (end === 'the certificate ends') time = start + 60.1 * MINUTE
    else {
      again.resolve({ state: 'revoked', source: 'ocsp', reason: undefined, revokedAt: undefined })
      await again.promise
      await nextTurn()
    }
    t.match(await rejection(get('/3')), { code: end === 'the certificate ends' ? 'MTLS_ERR_OUTBOUND_SERVER_EXPIRED' : 'MTLS_ERR_OUTBOUND_SERVER_REVOKED' }, end)
    t.same(listening.seen, ['/1', '/2'], end)
  }
})

test('a checker that moves ends kept connections', async (t) => {
  const listening = await startServer({ identity: server })
  let state = 'good'
  const listeners = new Set<() => void>()
  const revocation: any = {
    epoch: 0,
    check: () => ({ state, source: 'ocsp', until: Infinity }),
    permits: (status: any) => status.state === 'good',
    subscribe: (listener: () => void) => { listeners.add(listener); return () => { listeners.delete(listener) } },
    close: async () => {}
  }
  const agent = new MtlsAgent({ credentials, revocation })
  t.teardown(async () => { await listening.close() })
  await (await agent.request({ origin: listening.origin, path: '/1', method: 'GET' })).body.dump()
  state = 'revoked'
  revocation.epoch += 1
  for (const listener of listeners) listener()
  t.match(await rejection(agent.request({ origin: listening.origin, path: '/2', method: 'GET' })), { code: 'MTLS_ERR_OUTBOUND_SERVER_REVOKED' })
  await agent.close()
  t.equal(listeners.size, 0, 'nothing is left listening')
})

for (const whose of ['the server\'s certificate', 'our certificate', 'the word on its revocation'] as const) {
  test(`a kept connection takes no new request when ${whose} has ended`, async (t) => {
    const { handler, release, held } = createHolding()
    const soon = Date.now() + 3_600_000
    const ends = { notAfter: new Date(soon) }
    const identity = whose === 'the server\'s certificate' ? await ca.issue({ cn: 'brief', ip: '127.0.0.1', ...ends }) : server
    const own = whose === 'our certificate' ? await ca.issue({ cn: 'brief', profile: 'client', ...ends }) : client
    let asked = 0
    const revocation: any = { epoch: 0, check: async () => ({ state: 'good', source: 'ocsp', until: whose === 'the word on its revocation' && ++asked === 1 ? soon : Infinity }), permits: () => true, subscribe: () => () => {}, close: async () => {} }
    const listening = await startServer({ identity, handler })
    const source = memoryCredentials({ cert: own.chain, key: own.key, ca: ca.root })
    let now = Date.now()
    const agent = new MtlsAgent({ credentials: source, now: () => now, revocation, connections: 1 })
    t.teardown(async () => { await agent.destroy(); await listening.close() })
    const first = agent.request({ origin: listening.origin, path: '/held', method: 'GET' })
    await held
    const second = agent.request({ origin: listening.origin, path: '/2', method: 'GET' }).then(getServerIdentity, (error) => error)
    now = soon + 1000
    release()
    t.ok(await (await first).body.text(), 'what it carries is finished')
    const expected = { 'the server\'s certificate': { code: 'MTLS_ERR_OUTBOUND_SERVER_EXPIRED' }, 'our certificate': { code: 'MTLS_ERR_OUTBOUND_CREDENTIALS_EXPIRED' }, 'the word on its revocation': { subject: { commonName: 'ledger' } } }[whose]
    t.match(await second, expected)
    t.equal(listening.accepted(), whose === 'our certificate' ? 1 : 2)
  })
}

for (const way of ['upgrade', 'connect'] as const) {
  test(`${way}() takes no kept connection whose server has ended`, async (t) => {
    const soon = Date.now() + 3_600_000
    const listening = await startServer({ identity: await ca.issue({ cn: 'brief', ip: '127.0.0.1', notAfter: new Date(soon) }) })
    const reached: string[] = []
    listening.server.on(way, ({ url = '' }, socket) => {
      reached.push(url)
      socket.destroy()
    })
    let now = Date.now()
    const agent = new MtlsAgent({ credentials: make(), now: () => now, connections: 1 })
    t.teardown(async () => { await agent.destroy(); await listening.close() })
    await (await agent.request({ origin: listening.origin, path: '/', method: 'GET' })).body.dump()
    now = soon + 1_000
    const options = { origin: listening.origin, path: '/way' }
    const asked: Promise<unknown> = way === 'upgrade' ? agent.upgrade(options) : agent.connect(options)
    t.match(await rejection(asked), { code: 'MTLS_ERR_OUTBOUND_SERVER_EXPIRED' })
    t.same(reached, [])
  })
}

test('close waits for requests in flight and for those that wait, even through a rotation', async (t) => {
  const { handler, release, held } = createHolding()
  const listening = await startServer({ identity: server, handler })
  const source = make()
  const agent = new MtlsAgent({ credentials: source, connections: 1 })
  t.teardown(async () => { await listening.close() })
  const get = async (path: string): Promise<string> => await (await agent.request({ origin: listening.origin, path, method: 'GET' })).body.text()
  const first = get('/held')
  await held
  const second = get('/')
  rotate(source)
  const closed = agent.close()
  t.equal(agent.closed, true)
  t.match(await rejection(get('/late')), { code: 'UND_ERR_CLOSED' })
  release()
  t.equal(await first, 'orders')
  t.equal(await second, 'orders-2')
  await closed
  t.equal(agent.destroyed, false)
})

test('destroy ends what is in flight', async (t) => {
  const { handler, held } = createHolding()
  const listening = await startServer({ identity: server, handler })
  const agent = new MtlsAgent({ credentials: make() })
  t.teardown(async () => { await listening.close() })
  const first = rejection(agent.request({ origin: listening.origin, path: '/held', method: 'GET' }))
  await held
  await new Promise<void>((resolve) => { agent.destroy(new Error('enough'), resolve) })
  t.match(await first, { message: 'enough' })
  t.equal(agent.destroyed, true)
  t.match(await rejection(agent.request({ origin: listening.origin, path: '/', method: 'GET' })), { code: 'UND_ERR_DESTROYED' })
  await new Promise<void>((resolve) => { agent.close(resolve) })
})
