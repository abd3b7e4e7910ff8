import { once } from 'node:events'
import { connect as connectPlain } from 'node:net'
import { Agent } from 'node:https'
import { test } from 'tap'
import type { RevocationChecker, RevocationStatus } from '@peerkit/revocation'
import { call, startWorld } from './support/world.ts'

/** A checker whose answers come when the test says so. */
function makeChecker (answer: () => RevocationStatus | Promise<RevocationStatus>): RevocationChecker & { move (): void, asked: number } {
  const listeners = new Set<() => void>()
  const checker = {
    epoch: 1,
    asked: 0,
    check: () => {
      checker.asked += 1
      return answer()
    },
    permits: (status: RevocationStatus) => status.state === 'good',
    subscribe: (listener: () => void) => {
      listeners.add(listener)
      return () => { listeners.delete(listener) }
    },
    close: async () => {},
    move: () => {
      checker.epoch += 1
      for (const listener of listeners) listener()
    }
  }
  return checker
}

const good = (until = Infinity): RevocationStatus => ({ state: 'good', source: 'ocsp', until })

test('an answer that comes later holds the connection until it is there', async (t) => {
  const checker = makeChecker(async () => good())
  const world = await startWorld(t, { settings: { revocation: checker } })
  t.match(await call(world, world.client), { status: 200 })
  t.equal(checker.asked, 1)
})

test('an answer that never comes, or fails, is a refusal', async (t) => {
  for (const [answer, reason] of [
    [() => new Promise<RevocationStatus>(() => {}), 'timeout'],
    [async () => await Promise.reject(new Error('no route')), 'revocation_unknown'],
    [() => { throw new Error('broken') }, 'revocation_unknown'],
    [async (): Promise<RevocationStatus> => ({ state: 'unknown', why: 'ocsp_unavailable' }), 'revocation_unknown'],
    [async (): Promise<RevocationStatus> => ({ state: 'revoked', source: 'ocsp', reason: undefined, revokedAt: undefined }), 'revoked']
  ] as Array<[() => RevocationStatus | Promise<RevocationStatus>, string]>) {
    const world = await startWorld(t, { settings: { revocation: makeChecker(answer), judgementTimeout: 20 } })
    await t.rejects(call(world, world.client), { code: 'ECONNRESET' }, reason)
    t.match(world.refusals, [{ reason }])
  }
})

test('a client that leaves while it is judged breaks nothing', async (t) => {
  let release = (_status: RevocationStatus): void => {}
  const answer = new Promise<RevocationStatus>((resolve) => { release = resolve })
  let first = true
  const world = await startWorld(t, { settings: { revocation: makeChecker(async () => first ? await answer : good()) } })
  const abort = new AbortController()
  const gone = call(world, world.client, { signal: abort.signal })
  const accepted = once(world.app.server, 'connection')
  await accepted
  abort.abort()
  await t.rejects(gone)
  first = false
  release(good())
  t.match(await call(world, world.client), { status: 200 })
})

test('both the CRLs and the checker are asked', async (t) => {
  const checker = makeChecker(() => good())
  const world = await startWorld(t, { crl: true, settings: { revocation: checker } })
  t.match(await call(world, world.client), { status: 200 })
  world.ca.revoke(world.client)
  world.credentials.update({ crl: (await world.ca.crl()).pem })
  await t.rejects(call(world, world.client))
  t.match(world.refusals, [{ reason: 'revoked' }])
})

test('when the checker moves, an open connection is judged again, once, and the request waits for it', async (t) => {
  let status = good()
  const checker = makeChecker(async () => status)
  const world = await startWorld(t, { settings: { revocation: checker } })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.match(await call(world, world.client, { agent }), { status: 200 })
  t.match(await call(world, world.client, { agent }), { status: 200, reused: true })
  t.equal(checker.asked, 1)
  checker.move()
  t.match(await call(world, world.client, { agent }), { status: 200, reused: true })
  status = { state: 'revoked', source: 'ocsp', reason: 'keyCompromise', revokedAt: 1 }
  checker.move()
  t.match(await call(world, world.client, { agent }), { status: 401, reused: true })
  agent.destroy()
})

test('an answer is asked for again when its time is over', async (t) => {
  let ahead = 0
  const now = (): number => Date.now() + ahead
  const checker = makeChecker(() => good(now() + 60_000))
  const world = await startWorld(t, { settings: { revocation: checker, now } })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.match(await call(world, world.client, { agent }), { status: 200 })
  ahead = 61_000
  t.match(await call(world, world.client, { agent }), { status: 200, reused: true })
  t.equal(checker.asked, 2)
  agent.destroy()
})

test('bytes that are no TLS are reported as such', async (t) => {
  const world = await startWorld(t)
  const socket = connectPlain(world.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\n\r\n')
  socket.resume()
  await once(socket, 'close')
  t.match(world.refusals, [{ v: 1, reason: 'protocol', peer: undefined, resumed: false }])
})

test('Expect: 100-continue is no way past the guard', async (t) => {
  const world = await startWorld(t, { crl: true, setup: (app) => { app.post('/', async () => ({ reached: true })) } })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.match(await call(world, world.client, { agent }), { status: 200 })
  world.ca.revoke(world.client)
  world.credentials.update({ crl: (await world.ca.crl()).pem })
  world.app.server.on('checkContinue', () => { t.fail('reached') })
  t.match(await call(world, world.client, { agent, method: 'POST', headers: { expect: '100-continue' } }), { status: 401, reused: true })
  agent.destroy()
})
