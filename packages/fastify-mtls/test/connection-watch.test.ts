import { EventEmitter } from 'node:events'
import { mock } from 'node:test'
import { test } from 'tap'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import type { RevocationChecker, RevocationStatus } from '@peerkit/revocation'
import type { ConnectionRecord } from '../src/connection-record.ts'
import { ConnectionWatch } from '../src/connection-watch.ts'
import { Trust } from '../src/trust.ts'
import type { Standing } from '../src/trust.ts'

const GOOD: RevocationStatus = { state: 'good', source: 'ocsp', until: Infinity }
const REVOKED: RevocationStatus = { state: 'revoked', source: 'ocsp', reason: undefined, revokedAt: undefined }

/** A watch over many connections, without the connections. */
async function watchMany (count: number, answer: () => RevocationStatus | Promise<RevocationStatus>, { first = GOOD, now = Date.now } = {}): Promise<{ watch: ConnectionWatch, records: ConnectionRecord[], ended: ConnectionRecord[], move (): void }> {
  const ca = await createDevCa()
  const { chain, key } = await ca.issue()
  const credentials = memoryCredentials({ cert: chain, key, ca: ca.root })
  const checker = { epoch: 1, check: () => first as RevocationStatus | Promise<RevocationStatus>, permits: ({ state }: RevocationStatus) => state === 'good', subscribe: () => () => {}, close: async () => {} }
  const trust = new Trust(credentials, checker satisfies RevocationChecker, now)
  const ended: ConnectionRecord[] = []
  const watch = new ConnectionWatch({ trust, drainTimeout: 1_000, judgementTimeout: 5_000, onEnded: (record) => { ended.push(record) } })
  const peer = parsePeerIdentity((await ca.issue({ cn: 'client' })).der, { chain: credentials.current.anchors })
  const records = Array.from({ length: count }, () => {
    const socket = Object.assign(new EventEmitter(), { destroy: () => { socket.emit('close') } })
    const record = { peer, socket, remoteAddress: '127.0.0.1', standing: trust.judge(peer) as Standing, judging: undefined, upgraded: undefined, session: undefined } as unknown as ConnectionRecord
    watch.follow(record)
    return record
  })
  return {
    watch,
    records,
    ended,
    move () {
      checker.check = answer
      if (first === GOOD) checker.epoch += 1
    }
  }
}

const turn = async (): Promise<void> => { await new Promise((resolve) => { setImmediate(resolve) }) }

test('thousands of connections are reviewed without keeping the event loop, and each by the trust of now meanwhile', async (t) => {
  const { watch, records, ended, move } = await watchMany(2_000, () => REVOKED)
  move()
  const reviewed = watch.review()
  t.ok(ended.length > 0 && ended.length < records.length, 'the event loop has its turn in between')
  t.equal(watch.check(records.at(-1) as ConnectionRecord), 'revoked', 'a request that comes before its turn is not let through')
  await reviewed
  t.equal(ended.length, records.length)
  t.equal(new Set(ended).size, records.length, 'each is told once')
})

test('a review asks for some answers at a time, those for connections that HTTP gave away first', async (t) => {
  const answers: Array<(status: RevocationStatus) => void> = []
  const { watch, records, ended, move } = await watchMany(200, async () => await new Promise((resolve) => { answers.push(resolve) }))
  let cut = 0
  const upgraded = records.at(-1) as ConnectionRecord
  watch.followUpgraded(upgraded, Object.assign(new EventEmitter(), { destroy: () => { cut += 1 } }) as any)
  move()
  const reviewed = watch.review()
  await turn()
  t.equal(answers.length, 64)
  answers[0]?.(REVOKED)
  await turn()
  t.equal(cut, 1)
  t.strictSame(ended.map((record) => records.indexOf(record)), [199])
  t.equal(answers.length, 65, 'the next is asked for when there is room')
  for (let index = 1; index < 200; index += 1) {
    answers[index]?.(GOOD)
    await turn()
  }
  await reviewed
  t.equal(answers.length, 200)
  t.equal(ended.length, 1)
})

test('a connection that closed is forgotten, and one that no longer stands is cut when its time to drain is over, its session with it', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => { mock.timers.reset() })
  const { watch, records: [gone, stays], ended, move } = await watchMany(2, () => REVOKED)
  const cut: string[] = []
  if (stays !== undefined) stays.session = { destroy: () => { cut.push('session') } } as any
  stays?.socket.once('close', () => { cut.push('socket') })
  gone?.socket.destroy()
  move()
  await watch.review()
  t.strictSame(ended, [stays])
  t.equal(await watch.check(stays as ConnectionRecord), 'revoked')
  mock.timers.tick(999)
  t.strictSame(cut, [])
  mock.timers.tick(1)
  t.strictSame(cut, ['session', 'socket'])
})

test('an answer that does not come is given up, and what there is lasts until its own end', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => { mock.timers.reset() })
  const start = Date.now()
  let time = start
  let asked = 0
  const never = async (): Promise<RevocationStatus> => {
    asked += 1
    return await new Promise(() => {})
  }
  const { watch, records: [record], ended, move } = await watchMany(1, never, { first: { ...GOOD, until: start + 100_000 } as RevocationStatus, now: () => time })
  const check = (): unknown => watch.check(record as ConnectionRecord)
  move()
  time = start + 84_000
  t.equal(check(), undefined)
  t.equal(asked, 0)
  time = start + 86_000
  t.equal(check(), undefined, 'does not wait')
  t.equal(asked, 1)
  mock.timers.tick(5_000)
  await turn()
  t.equal(check(), undefined)
  t.equal(asked, 1, 'not asked again at once')
  time = start + 92_000
  t.equal(check(), undefined)
  t.equal(asked, 2)
  mock.timers.tick(5_000)
  await turn()
  time = start + 100_000
  const waiting = check()
  t.equal(asked, 3)
  mock.timers.tick(5_000)
  t.equal(await waiting, 'timeout')
  t.strictSame(ended, [record])
})

test('an idle connection ends with its certificate, to the millisecond, however long that takes', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => { mock.timers.reset() })
  const start = Date.now()
  let time = start
  const { records: [record], ended } = await watchMany(1, () => GOOD, { now: () => time })
  const left = (record?.peer?.notAfter ?? NaN) - start
  const pass = (milliseconds: number): void => {
    time += milliseconds
    mock.timers.tick(milliseconds)
  }
  // Waited for in two parts.
  const first = left - left % 10_000
  pass(first)
  t.strictSame(ended, [])
  pass(left - first - 1)
  t.strictSame(ended, [])
  pass(1)
  t.strictSame(ended, [record])
})
