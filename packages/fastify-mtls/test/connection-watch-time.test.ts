import { mock } from 'node:test'
import { test } from 'tap'
import type { RevocationStatus } from '@peerkit/revocation'
import type { Accepted } from '@peerkit/trust'
import { ConnectionWatch } from '../src/connection-watch.ts'
import { GOOD, REVOKED, fakeSocket, startWatch, turn } from './support/watched.ts'

/** A clock that timers follow. */
function startClock (t: { after(task: () => unknown): void }): {
  readonly start: number
  now: () => number
  pass: (milliseconds: number) => void
  set: (ahead: number) => void
} {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => {
    mock.timers.reset()
  })
  const start = Date.now()
  let time = start
  return {
    start,
    now: () => time,
    pass: (milliseconds) => {
      time += milliseconds
      mock.timers.tick(milliseconds)
    },
    set: (ahead) => {
      time = start + ahead
    }
  }
}

const never = async (): Promise<RevocationStatus> => await new Promise(() => {})

test('an answer that does not come is given up, and what there is lasts until its own end', async (t) => {
  const { start, now, set } = startClock(t)
  const { ca, checker, watch, ended, open } = await startWatch({
    first: { ...GOOD, until: start + 100_000 } as RevocationStatus,
    now
  })
  const record = await open(await ca.issue({ cn: 'client' }))
  checker.asked.length = 0
  checker.answer = never
  set(84_000)
  t.equal(watch.check(record), undefined)
  t.equal(checker.asked.length, 0)
  set(86_000)
  t.equal(watch.check(record), undefined, 'does not wait')
  t.equal(checker.asked.length, 1)
  mock.timers.tick(5_000)
  await turn()
  t.equal(watch.check(record), undefined)
  t.equal(checker.asked.length, 1, 'not asked again at once')
  set(92_000)
  t.equal(watch.check(record), undefined)
  t.equal(checker.asked.length, 2)
  mock.timers.tick(5_000)
  await turn()
  set(100_000)
  const waiting = watch.check(record)
  t.equal(checker.asked.length, 3)
  mock.timers.tick(5_000)
  t.equal(await waiting, 'timeout')
  t.match(ended, [{ record, refusal: { reason: 'timeout', detail: undefined } }])
})

test('an idle connection ends right after its certificate\'s last second, however long that takes', async (t) => {
  const { start, now, pass } = startClock(t)
  const { ca, ended, open } = await startWatch({ now })
  const record = await open(await ca.issue({ cn: 'client' }))
  const left = record.peer!.notAfter! + 1_000 - start
  t.equal(record.decision!.notAfter - start, left)
  // Waited for in two parts.
  const first = left - (left % 10_000)
  pass(first)
  t.strictSame(ended, [])
  pass(left - first - 1)
  t.strictSame(ended, [])
  pass(1)
  t.match(ended, [{ record, refusal: { reason: 'expired' } }])
})

test('a connection ends with the first certificate of its chain, and which one that is is told', async (t) => {
  const { start, now, pass } = startClock(t)
  const { ca, ended, open } = await startWatch({ now })
  const short = await ca.intermediate({ name: 'Issuing', notAfter: new Date(start + 3_600_000) })
  const [one, other] = [await short.issue({ cn: 'one' }), await short.issue({ cn: 'other' })]
  const records = [await open(one, [short.der]), await open(other, [short.der])]
  t.equal(records[0]!.decision!.notAfter, Math.floor(start / 1_000) * 1_000 + 3_601_000)
  pass(3_600_000)
  t.strictSame(ended, [])
  pass(1_000)
  t.same(
    ended.map(({ record, refusal: { reason } }) => [record.peer?.subject?.commonName, reason]),
    [
      ['one', 'expired'],
      ['other', 'expired']
    ]
  )
  t.match(ended[0]!.refusal.detail, { step: 'expired', certificate: { subject: /CN=Issuing/ } })
})

test('a WebSocket is checked when the answer about it is due, and no more than once a second', async (t) => {
  const { start, now, pass } = startClock(t)
  const { ca, checker, watch, ended, open } = await startWatch({
    first: { ...GOOD, until: start + 100_000 } as RevocationStatus,
    now
  })
  const [record, quiet] = [await open(await ca.issue({ cn: 'client' })), await open(await ca.issue({ cn: 'quiet' }))]
  const socket = fakeSocket()
  let cut = 0
  socket.once('close', () => {
    cut += 1
  })
  watch.followUpgraded(record, socket)
  checker.asked.length = 0
  pass(80_000)
  t.strictSame(checker.asked, [])
  checker.answer = () => ({ ...GOOD, until: now() + 10 } as RevocationStatus)
  pass(10_000)
  t.strictSame(checker.asked, ['client'], 'a connection that HTTP has is told at its next request')
  for (let second = 0; second < 3; second += 1) pass(1_000)
  t.strictSame(checker.asked, Array(4).fill('client'))
  checker.answer = () => REVOKED
  pass(1_000)
  t.equal(cut, 1, 'cut at once')
  t.match(ended, [{ record, refusal: { reason: 'revoked' } }])
  t.equal(watch.check(quiet), 'revoked')
})

test('a WebSocket that closed leaves its connection watched no more closely than another', async (t) => {
  const { start, now, pass } = startClock(t)
  const { ca, checker, watch, open, move } = await startWatch({
    first: { ...GOOD, until: start + 100_000 } as RevocationStatus,
    now
  })
  const record = await open(await ca.issue({ cn: 'client' }))
  const socket = fakeSocket()
  watch.followUpgraded(record, socket)
  socket.destroy()
  t.equal(record.upgraded?.size, 0)
  move(() => GOOD)
  t.equal(watch.check(record), undefined)
  checker.asked.length = 0
  pass(1_000_000)
  t.strictSame(checker.asked, [])
})

test('what a soft policy let pass without knowing is asked again after a minute, while requests go on', async (t) => {
  const { now, set } = startClock(t)
  const { ca, checker, watch, ended, open } = await startWatch({ now })
  checker.answer = () => ({ state: 'unknown', why: 'ocsp_unavailable' })
  checker.permit = ({ state }) => state !== 'revoked'
  const record = await open(await ca.issue({ cn: 'client' }))
  let answer: (status: RevocationStatus) => void = () => {}
  checker.asked.length = 0
  checker.answer = async () =>
    await new Promise((resolve) => {
      answer = resolve
    })
  set(59_999)
  t.equal(watch.check(record), undefined)
  t.strictSame(checker.asked, [])
  set(60_000)
  t.equal(watch.check(record), undefined, 'does not wait')
  t.equal(watch.check(record), undefined, 'does not wait')
  t.strictSame(checker.asked, ['client'])
  answer(REVOKED)
  await turn()
  t.match(ended, [{ refusal: { reason: 'revoked' } }])
  t.equal(watch.check(record), 'revoked')
})

test('an answer that the trust overtook lets nobody in', async (t) => {
  const { ca, checker, watch, ended, open, move } = await startWatch()
  const record = await open(await ca.issue({ cn: 'client' }))
  const answers: Array<(status: RevocationStatus) => void> = []
  checker.asked.length = 0
  const later = async (): Promise<RevocationStatus> =>
    await new Promise((resolve) => {
      answers.push(resolve)
    })
  move(later)
  const waiting = watch.check(record)
  move(later)
  answers[0]?.(GOOD)
  await turn()
  t.equal(checker.asked.length, 2, 'asked again')
  t.equal(record.deciding !== undefined, true, 'who asks meanwhile waits')
  answers[1]?.(REVOKED)
  t.equal(await waiting, 'revoked')
  t.match(ended, [{ refusal: { reason: 'revoked' } }])
})

test('a decision whose time is over when it comes is made again', async (t) => {
  const { now, set, start } = startClock(t)
  const { ca, watch, ended, open, move } = await startWatch({ now })
  const record = await open(await ca.issue({ cn: 'client', notAfter: new Date(start + 60_000) }))
  let answer: (status: RevocationStatus) => void = () => {}
  move(
    async () =>
      await new Promise((resolve) => {
        answer = resolve
      })
  )
  const waiting = watch.check(record)
  set(62_000)
  answer(GOOD)
  t.equal(await waiting, 'expired')
  t.match(ended, [{ refusal: { reason: 'expired' } }])
})

test('an evaluator that fails has accepted nobody', async (t) => {
  const { ca, trust, open, move } = await startWatch()
  const record = await open(await ca.issue({ cn: 'client' }))
  move(() => GOOD)
  const broken = Object.assign(Object.create(trust) as typeof trust, {
    now: Date.now,
    isFresh: () => false,
    isCurrent: () => false,
    evaluate: async (): Promise<Accepted> => {
      throw new Error('broken')
    }
  })
  const told: string[] = []
  const watch = new ConnectionWatch({
    trust: broken,
    drainTimeout: 1,
    revocationTimeout: 5_000,
    onEnded: (_record, { reason }) => {
      told.push(reason)
    }
  })
  t.equal(await watch.check(record), 'revocation_unknown')
  t.strictSame(told, ['revocation_unknown'])
})
