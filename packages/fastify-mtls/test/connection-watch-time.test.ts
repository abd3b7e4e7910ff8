import { mock } from 'node:test'
import { test } from 'tap'
import { UpgradedSockets } from '@peerkit/identity/internal'
import type { RevocationStatus } from '@peerkit/revocation'
import type { Accepted } from '@peerkit/trust'
import { ConnectionWatch } from '../src/connection/connection-watch.ts'
import { DRAIN_TIMEOUT, GOOD, JUDGEMENT_TIMEOUT, REVOKED, fakeSocket, lateAnswer, startWatch, turn } from './support/watched.ts'

/** How long answers about revocation count in these tests, and when the next one is asked for: at 85 % of that. */
const LIFE = 100_000
const ASKED_AGAIN = 85_000

/**
 * A clock of the test's own. `pass` moves it and the timers; `set` moves it alone, `expire` the timers alone, so that a
 * test sees what a request does before a timer has run.
 */
function startClock (t: { after(task: () => unknown): void }): {
  readonly start: number
  now: () => number
  pass: (milliseconds: number) => void
  set: (ahead: number) => void
  expire: (milliseconds: number) => void
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
    },
    expire: (milliseconds) => {
      mock.timers.tick(milliseconds)
    }
  }
}

const never = async (): Promise<RevocationStatus> => await new Promise(() => {})

test('the next answer is asked for before the one there is ends, and requests do not wait for it', async (t) => {
  const { start, now, set } = startClock(t)
  const { ca, checker, watch, open } = await startWatch({ first: { ...GOOD, until: start + LIFE } as RevocationStatus, now })
  const record = await open(await ca.issue({ cn: 'client' }))
  checker.asked.length = 0
  checker.answer = never
  set(ASKED_AGAIN - 1_000)
  t.equal(watch.check(record), undefined)
  t.strictSame(checker.asked, [])
  set(ASKED_AGAIN + 1_000)
  t.equal(watch.check(record), undefined, 'does not wait')
  t.strictSame(checker.asked, ['client'])
})

test('an answer that does not come is asked for again after revocationTimeout, as long as the last one counts', async (t) => {
  const { start, now, set, expire } = startClock(t)
  const { ca, checker, watch, ended, open } = await startWatch({ first: { ...GOOD, until: start + LIFE } as RevocationStatus, now })
  const record = await open(await ca.issue({ cn: 'client' }))
  checker.asked.length = 0
  checker.answer = never
  set(ASKED_AGAIN)
  t.equal(watch.check(record), undefined)
  t.equal(checker.asked.length, 1)
  expire(JUDGEMENT_TIMEOUT)
  await turn()
  t.equal(watch.check(record), undefined)
  t.equal(checker.asked.length, 1, 'not asked again at once')
  set(ASKED_AGAIN + JUDGEMENT_TIMEOUT)
  t.equal(watch.check(record), undefined)
  t.equal(checker.asked.length, 2)
  expire(JUDGEMENT_TIMEOUT)
  await turn()
  set(LIFE)
  const waiting = watch.check(record)
  t.equal(checker.asked.length, 3, 'asked once more when the last answer has ended')
  expire(JUDGEMENT_TIMEOUT)
  t.equal(await waiting, 'timeout')
  t.match(ended, [{ record, refusal: { reason: 'timeout', detail: undefined } }])
})

test('an idle connection ends right after the last second of its certificate', async (t) => {
  const { start, now, pass } = startClock(t)
  const { ca, ended, open } = await startWatch({ now })
  const record = await open(await ca.issue({ cn: 'client' }))
  // The second of notAfter is the last.
  const left = record.peer!.notAfter! + 1_000 - start
  t.equal(record.decision!.notAfter - start, left)
  // The watch waits for whole ten seconds first, then for the rest.
  const rest = left % 10_000
  pass(left - rest)
  t.strictSame(ended, [])
  pass(rest - 1)
  t.strictSame(ended, [])
  pass(1)
  t.match(ended, [{ record, refusal: { reason: 'expired' } }])
})

test('a connection ends with the first certificate of its chain that ends, and the refusal names that one', async (t) => {
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

test('a WebSocket is checked when the next answer is due, but no more than once a second', async (t) => {
  const { start, now, pass } = startClock(t)
  const { ca, checker, watch, ended, open } = await startWatch({
    first: { ...GOOD, until: start + LIFE } as RevocationStatus,
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
  pass(ASKED_AGAIN - 5_000)
  t.strictSame(checker.asked, [])
  checker.answer = () => ({ ...GOOD, until: now() + 10 } as RevocationStatus)
  pass(10_000)
  t.strictSame(checker.asked, ['client'], 'a connection without a WebSocket is checked at its next request')
  for (let second = 0; second < 3; second += 1) pass(1_000)
  t.strictSame(checker.asked, Array(4).fill('client'))
  checker.answer = () => REVOKED
  pass(1_000)
  t.equal(cut, 1, 'cut at once')
  t.match(ended, [{ record, refusal: { reason: 'revoked' } }])
  t.equal(watch.check(quiet), 'revoked')
})

test('a connection whose WebSocket has closed is checked at its next request, like any other', async (t) => {
  const { start, now, pass } = startClock(t)
  const { ca, checker, watch, open, move } = await startWatch({
    first: { ...GOOD, until: start + LIFE } as RevocationStatus,
    now
  })
  const record = await open(await ca.issue({ cn: 'client' }))
  const socket = fakeSocket()
  watch.followUpgraded(record, socket)
  socket.destroy()
  t.equal(record.upgraded, undefined)
  move(() => GOOD)
  t.equal(watch.check(record), undefined)
  checker.asked.length = 0
  pass(10 * LIFE)
  t.strictSame(checker.asked, [])
})

test('a client that a soft policy let in as unknown is asked about again after a minute, while its requests go on', async (t) => {
  const { now, set } = startClock(t)
  const { ca, checker, watch, ended, open } = await startWatch({ now })
  checker.answer = () => ({ state: 'unknown', why: 'ocsp_unavailable' })
  checker.permit = ({ state }) => state !== 'revoked'
  const record = await open(await ca.issue({ cn: 'client' }))
  const { answer, give } = lateAnswer()
  checker.asked.length = 0
  checker.answer = answer
  const minute = 60_000
  set(minute - 1)
  t.equal(watch.check(record), undefined)
  t.strictSame(checker.asked, [])
  set(minute)
  t.equal(watch.check(record), undefined, 'does not wait')
  t.equal(watch.check(record), undefined, 'does not wait')
  t.strictSame(checker.asked, ['client'])
  give(REVOKED)
  await turn()
  t.match(ended, [{ refusal: { reason: 'revoked' } }])
  t.equal(watch.check(record), 'revoked')
})

test('an answer is asked for again where the trust changed while it was under way', async (t) => {
  const { ca, checker, watch, ended, open, move } = await startWatch()
  const record = await open(await ca.issue({ cn: 'client' }))
  const [first, second] = [lateAnswer(), lateAnswer()]
  checker.asked.length = 0
  move(first.answer)
  const waiting = watch.check(record)
  move(second.answer)
  first.give(GOOD)
  await turn()
  t.equal(checker.asked.length, 2, 'asked again')
  t.equal(record.deciding !== undefined, true, 'requests wait meanwhile')
  second.give(REVOKED)
  t.equal(await waiting, 'revoked')
  t.match(ended, [{ refusal: { reason: 'revoked' } }])
})

test('a request that waits for a slow answer is not served on it where the trust moves at the moment it comes', async (t) => {
  const { ca, trust, watch, ended, open, move } = await startWatch()
  const record = await open(await ca.issue({ cn: 'client' }))
  const { answer, give } = lateAnswer()
  const evaluate = trust.evaluate.bind(trust)
  let asked = 0
  // The evaluator has concluded, and the connection has not heard of it yet.
  trust.evaluate = async (...question) => {
    const decision = await evaluate(...question)
    if (++asked === 1) move(() => REVOKED)
    return decision
  }
  move(answer)
  const waiting = watch.check(record)
  give(GOOD)
  t.equal(await waiting, 'revoked')
  t.equal(asked, 2)
  t.match(ended, [{ refusal: { reason: 'revoked' } }])
})

test('requests wait once the trust moves, although an answer was under way that they did not have to wait for', async (t) => {
  const { start, now, set } = startClock(t)
  const { ca, checker, watch, ended, open, move } = await startWatch({ first: { ...GOOD, until: start + LIFE } as RevocationStatus, now })
  const record = await open(await ca.issue({ cn: 'client' }))
  const [slow, next] = [lateAnswer(), lateAnswer()]
  checker.answer = slow.answer
  set(ASKED_AGAIN + 1_000)
  t.equal(watch.check(record), undefined, 'the last answer still counts')
  move(next.answer)
  const waiting = watch.check(record)
  t.notSame(waiting, undefined, 'it was about other trust')
  slow.give(GOOD)
  next.give(REVOKED)
  t.equal(await waiting, 'revoked')
  t.match(ended, [{ refusal: { reason: 'revoked' } }])
})

test('requests wait once the certificate ends, although the last answer about revocation still counts', async (t) => {
  const { start, now, set } = startClock(t)
  const { ca, checker, watch, ended, open } = await startWatch({ first: { ...GOOD, until: start + LIFE } as RevocationStatus, now })
  const record = await open(await ca.issue({ cn: 'client', notAfter: new Date(start + ASKED_AGAIN + 5_000) }))
  const { answer, give } = lateAnswer()
  checker.answer = answer
  set(ASKED_AGAIN + 1_000)
  t.equal(watch.check(record), undefined, 'both count')
  set(ASKED_AGAIN + 7_000)
  const waiting = watch.check(record)
  t.notSame(waiting, undefined, 'the certificate has ended')
  give(GOOD)
  t.equal(await waiting, 'expired')
  t.match(ended, [{ refusal: { reason: 'expired' } }])
})

test('a connection that has closed does not end once more with its certificate', async (t) => {
  const { start, now, pass } = startClock(t)
  const { ca, checker, ended, open } = await startWatch({ now })
  const record = await open(await ca.issue({ cn: 'client', notAfter: new Date(start + 60_000) }))
  checker.asked.length = 0
  record.socket.destroy()
  pass(62_000)
  await turn()
  t.strictSame([ended, checker.asked], [[], []])
})

test('a certificate that ends while its answer is under way is refused as expired', async (t) => {
  const { now, set, start } = startClock(t)
  const { ca, watch, ended, open, move } = await startWatch({ now })
  const record = await open(await ca.issue({ cn: 'client', notAfter: new Date(start + 60_000) }))
  const { answer, give } = lateAnswer()
  move(answer)
  const waiting = watch.check(record)
  set(62_000)
  give(GOOD)
  t.equal(await waiting, 'expired')
  t.match(ended, [{ refusal: { reason: 'expired' } }])
})

test('a connection whose evaluation fails is refused', async (t) => {
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
    sockets: new UpgradedSockets(),
    trust: broken,
    drainTimeout: DRAIN_TIMEOUT,
    revocationTimeout: JUDGEMENT_TIMEOUT,
    onEnded: (_record, { reason }) => {
      told.push(reason)
    }
  })
  t.equal(await watch.check(record), 'revocation_unknown')
  t.strictSame(told, ['revocation_unknown'])
})

test('an answer that does not come at the last moment lets nobody in longer than the last answer counts', async (t) => {
  const { start, now, set, expire } = startClock(t)
  const { ca, checker, watch, ended, open } = await startWatch({ first: { ...GOOD, until: start + LIFE } as RevocationStatus, now })
  const record = await open(await ca.issue({ cn: 'client' }))
  checker.answer = never
  set(LIFE - 3_000)
  t.equal(watch.check(record), undefined)
  expire(JUDGEMENT_TIMEOUT)
  await turn()
  set(LIFE)
  const waiting = watch.check(record)
  t.notSame(waiting, undefined, 'it waits')
  expire(JUDGEMENT_TIMEOUT)
  t.equal(await waiting, 'timeout')
  t.match(ended, [{ record, refusal: { reason: 'timeout' } }])
})
