import { EventEmitter, once } from 'node:events'
import { connect as connectPlain } from 'node:net'
import type { Socket } from 'node:net'
import { Agent } from 'node:https'
import { test } from 'tap'
import type { RevocationChecker, RevocationStatus } from '@peerkit/revocation'
import { dial } from './support/dial.ts'
import { call, startWorld } from './support/world.ts'
import type { World } from './support/world.ts'

/** A checker whose answers come when the test says so. */
function makeChecker (answer: () => RevocationStatus | Promise<RevocationStatus>): RevocationChecker & { move (): void, asked: number, epoch: number } {
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

/** How long answers count in these tests, and when the next one is asked for: at 85 % of that. */
const LIFE = 100_000
const ASKED_AGAIN = 85_000

test('an accepted client is not asked about again before the next answer is due or the trust changes', async (t) => {
  let ahead = 0
  const start = Date.now()
  const now = (): number => start + ahead
  const checker = makeChecker(() => good(now() + LIFE))
  const world = await startWorld(t, { settings: { revocation: checker, now } })
  for (const [at, asked] of [[0, 1], [0, 1], [ASKED_AGAIN - 1_000, 1], [ASKED_AGAIN, 2], [ASKED_AGAIN, 2]] as const) {
    ahead = at
    t.match(await call(world, world.client), { status: 200 })
    t.equal(checker.asked, asked, `after ${at} ms`)
  }
  checker.move()
  t.match(await call(world, world.client), { status: 200 })
  t.equal(checker.asked, 3)
})

test('a refusal is not remembered: the client is let in as soon as its certificate is good', async (t) => {
  let status: RevocationStatus = { state: 'unknown', why: 'ocsp_unavailable' }
  const checker = makeChecker(() => status)
  const world = await startWorld(t, { settings: { revocation: checker } })
  await t.rejects(call(world, world.client), { code: 'ECONNRESET' })
  status = good()
  t.match(await call(world, world.client), { status: 200 })
  t.equal(checker.asked, 2)
})

for (const protocol of ['HTTP/1.1', 'HTTP/2'] as const) {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`${version}, ${protocol}: what a client sends while it is judged is not lost`, async (t) => {
      let release = (_status: RevocationStatus): void => {}
      const asked = new EventEmitter()
      const checker = makeChecker(async () => await new Promise((resolve) => {
        release = resolve
        asked.emit('asked')
      }))
      const world = await startWorld(t, {
        settings: { revocation: checker, http2: protocol === 'HTTP/2' } as any,
        setup: (app) => { app.post('/', async (request: any) => ({ length: request.body.text.length })) }
      })
      const waiting = once(asked, 'asked')
      const dialled = await dial(world, protocol, { cert: world.client.chain, key: world.client.key }, { minVersion: version, maxVersion: version })
      const [first, second] = [dialled.ask(), protocol === 'HTTP/2' ? dialled.ask() : undefined]
      await waiting
      // Long enough for the client's bytes to lie in the server's socket.
      for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => { setImmediate(resolve) })
      release(good())
      t.equal(await first, 200)
      t.equal(await second ?? 200, 200)
      t.equal(await dialled.ask(), 200)
      await dialled.close()
      // An accepted client is remembered while its answer holds, so another one comes.
      const other = await world.ca.issue({ cn: 'other', profile: 'client' })
      const again = once(asked, 'asked')
      const posted = call(world, other, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ text: 'x'.repeat(200_000) }) })
      await again
      for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => { setImmediate(resolve) })
      release(good())
      t.match(await posted, { status: 200, body: { length: 200_000 } })
    })
  }
}

/** A short time for an answer that never comes; one that does come has the usual time. */
const limitOf = (reason: string): { revocationTimeout?: number } => reason === 'timeout' ? { revocationTimeout: 20 } : {}

test('an answer that never comes, or fails, is a refusal', async (t) => {
  for (const [answer, reason] of [
    [() => new Promise<RevocationStatus>(() => {}), 'timeout'],
    [async () => await Promise.reject(new Error('no route')), 'revocation_unknown'],
    [() => { throw new Error('broken') }, 'revocation_unknown'],
    [async (): Promise<RevocationStatus> => ({ state: 'unknown', why: 'ocsp_unavailable' }), 'revocation_unknown'],
    [async (): Promise<RevocationStatus> => ({ state: 'revoked', source: 'ocsp', reason: undefined, revokedAt: undefined }), 'revoked']
  ] as Array<[() => RevocationStatus | Promise<RevocationStatus>, string]>) {
    const world = await startWorld(t, { settings: { revocation: makeChecker(answer), ...limitOf(reason) } })
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

test('a client that hangs up while it is evaluated is reported all the same, with its address', async (t) => {
  let release = (_status: RevocationStatus): void => {}
  const answer = new Promise<RevocationStatus>((resolve) => { release = resolve })
  const asked = new EventEmitter()
  const checker = makeChecker(async () => {
    asked.emit('asked')
    return await answer
  })
  const world = await startWorld(t, { settings: { revocation: checker } })
  const waiting = once(asked, 'asked')
  const accepted = once(world.app.server, 'connection') as Promise<[Socket]>
  const dialled = await dial(world, 'HTTP/1.1', { cert: world.client.chain, key: world.client.key })
  const [raw] = await accepted
  await waiting
  const closed = once(raw, 'close')
  await dialled.close()
  await closed
  release({ state: 'revoked', source: 'ocsp', reason: undefined, revokedAt: undefined })
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => { setImmediate(resolve) })
  t.match(world.refusals, [{ reason: 'revoked', remoteAddress: '127.0.0.1', remotePort: Number, peer: { subject: { commonName: 'client' } }, protocol: 'TLSv1.3' }])
})

test('a server that is closed waits for no client that is judged', async (t) => {
  let release = (_status: RevocationStatus): void => {}
  const asked = new EventEmitter()
  const checker = makeChecker(async () => await new Promise((resolve) => {
    release = resolve
    asked.emit('asked')
  }))
  const world = await startWorld(t, { settings: { revocation: checker } })
  const waiting = once(asked, 'asked')
  const dialled = await dial(world, 'HTTP/1.1', { cert: world.client.chain, key: world.client.key })
  const answered = dialled.ask()
  await waiting
  const closed = world.app.close()
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => { setImmediate(resolve) })
  release(good())
  await closed
  t.equal(await answered, undefined)
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

test('the next answer is asked for before the one there is ends, and requests do not wait for it', async (t) => {
  const start = Date.now()
  let ahead = 0
  const now = (): number => start + ahead
  let silent = false
  const checker = makeChecker(() => silent ? new Promise(() => {}) : good(now() + LIFE))
  const { world, ask } = await openOne(t, checker, { now, revocationTimeout: 20 })
  ahead = ASKED_AGAIN - 1_000
  t.match(await ask(), { status: 200, reused: true })
  t.equal(checker.asked, 1)
  silent = true
  ahead = ASKED_AGAIN
  t.match(await ask(), { status: 200, reused: true })
  t.match(await ask(), { status: 200, reused: true })
  t.equal(checker.asked, 2)
  t.strictSame(world.ended, [])
  // Now it has to be waited for.
  ahead = LIFE
  t.match(await ask(), { status: 401, reused: true })
  t.match(world.ended, [{ reason: 'timeout' }])
})

/** A connection that was let in, kept alive. */
async function openOne (t: any, checker: RevocationChecker, settings: object = {}): Promise<{ world: World, ask: () => Promise<unknown> }> {
  const world = await startWorld(t, { settings: { revocation: checker, ...settings } })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => { agent.destroy() })
  const ask = async (): Promise<unknown> => await call(world, world.client, { agent })
  t.match(await ask(), { status: 200 })
  return { world, ask }
}

test('an answer that is needed on an open connection and never comes, or fails, is a refusal', async (t) => {
  for (const [fail, reason] of [
    [async () => await new Promise<RevocationStatus>(() => {}), 'timeout'],
    [async () => await Promise.reject(new Error('no route')), 'revocation_unknown'],
    [() => { throw new Error('broken') }, 'revocation_unknown']
  ] as Array<[() => Promise<RevocationStatus>, string]>) {
    let answer: () => RevocationStatus | Promise<RevocationStatus> = () => good()
    const checker = makeChecker(() => answer())
    const { world, ask } = await openOne(t, checker, limitOf(reason))
    answer = fail
    checker.move()
    t.match(await ask(), { status: 401, reused: true }, reason)
    t.match(world.ended, [{ reason }])
  }
})

test('a policy that throws has not permitted anything, on a new connection or an open one', async (t) => {
  for (const later of [false, true]) {
    let broken = false
    const answer = (): RevocationStatus | Promise<RevocationStatus> => later ? Promise.resolve(good()) : good()
    const checker = Object.assign(makeChecker(answer), { permits: () => { if (broken) throw new Error('broken'); return true } })
    const { world, ask } = await openOne(t, checker)
    broken = true
    checker.move()
    t.match(await ask(), { status: 401, reused: true })
    t.match(world.ended, [{ reason: 'revocation_unknown' }])
    await t.rejects(call(world, world.client), { code: 'ECONNRESET' })
    t.match(world.refusals, [{ reason: 'revocation_unknown' }])
  }
})

test('an answer that is overtaken by a revocation lets nobody in', async (t) => {
  let answers: Array<(status: RevocationStatus) => void> = []
  let later = false
  const checker = makeChecker(() => later ? new Promise((resolve) => { answers.push(resolve) }) : good())
  const { world, ask } = await openOne(t, checker)
  later = true
  checker.move()
  const asked = ask()
  checker.move()
  const [overtaken] = answers
  answers = []
  overtaken?.(good())
  await new Promise((resolve) => { setImmediate(resolve) })
  t.equal(answers.length, 1, 'asked again')
  answers[0]?.({ state: 'revoked', source: 'ocsp', reason: undefined, revokedAt: undefined })
  t.match(await asked, { status: 401, reused: true })
  t.match(world.ended, [{ reason: 'revoked' }])
})

test('an answer that has ended when it comes, and that the policy lets pass, is asked for again after a minute', async (t) => {
  let ahead = 0
  let later = false
  const permits = ({ state }: RevocationStatus): boolean => state !== 'revoked'
  const checker = Object.assign(makeChecker(async () => later ? good(0) : good()), { permits })
  const { ask } = await openOne(t, checker, { now: () => Date.now() + ahead })
  later = true
  checker.move()
  t.match(await ask(), { status: 200, reused: true })
  const { asked } = checker
  ahead = 59_000
  t.match(await ask(), { status: 200, reused: true })
  t.equal(checker.asked, asked)
  ahead = 61_000
  t.match(await ask(), { status: 200, reused: true })
  t.equal(checker.asked, asked + 1)
})

test('what nobody knows and a soft policy lets pass is asked about again, while requests go on', async (t) => {
  let ahead = 0
  let answer: RevocationStatus | Promise<RevocationStatus> = { state: 'unknown', why: 'ocsp_unavailable' }
  const checker = { ...makeChecker(() => answer), permits: ({ state }: RevocationStatus) => state !== 'revoked' }
  const { world, ask } = await openOne(t, checker, { now: () => Date.now() + ahead })
  let release = (_status: RevocationStatus): void => {}
  answer = new Promise((resolve) => { release = resolve })
  ahead = 61_000
  t.match(await ask(), { status: 200, reused: true }, 'does not wait')
  t.match(await ask(), { status: 200, reused: true }, 'does not wait')
  release({ state: 'revoked', source: 'ocsp', reason: undefined, revokedAt: undefined })
  await new Promise((resolve) => { setImmediate(resolve) })
  t.match(world.ended, [{ reason: 'revoked' }])
  t.match(await ask(), { status: 401, reused: true })
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
  const world = await startWorld(t, { crl: true, plugin: false, settings: { gateOnly: true }, setup: (app) => { app.post('/', async () => ({ reached: true })) } })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.match(await call(world, world.client, { agent }), { status: 200 })
  world.ca.revoke(world.client)
  world.credentials.update({ crl: (await world.ca.crl()).pem })
  world.app.server.on('checkContinue', () => { t.fail('reached') })
  t.match(await call(world, world.client, { agent, method: 'POST', headers: { expect: '100-continue' } }), { status: 401, reused: true })
  agent.destroy()
})
