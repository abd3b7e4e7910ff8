import { test } from 'tap'
import { backOff } from '../src/backoff.ts'
import { SYSTEM_CLOCK, scheduleAt } from '../src/clock.ts'
import { ManualClock } from './support/manual-clock.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

test('waits for a time beyond what one timer can hold, and looks at the clock every hour', async (t) => {
  const clock = new ManualClock()
  let calls = 0
  // setTimeout takes 2^31 - 1 ms, 24.8 days, and fires at once beyond that.
  scheduleAt(clock, clock.now() + 60 * DAY, () => { calls += 1 })
  clock.advance(60 * DAY - 1)
  t.equal(calls, 0)
  t.ok(Math.max(...clock.delays) <= HOUR)
  clock.advance(1)
  t.equal(calls, 1)
  clock.advance(DAY)
  t.equal(calls, 1, 'once')
  t.equal(clock.waiting, 0)
})

test('a time that has passed is now, and what is cancelled does not happen', async (t) => {
  const clock = new ManualClock()
  let calls = 0
  scheduleAt(clock, clock.now() - DAY, () => { calls += 1 })
  clock.advance(0)
  t.equal(calls, 1)
  const cancel = scheduleAt(clock, clock.now() + 3 * HOUR, () => { calls += 1 })
  clock.advance(2 * HOUR)
  cancel()
  clock.advance(DAY)
  t.equal(calls, 1)
})

test("the machine's clock calls once, and can be cancelled", async (t) => {
  const order: string[] = []
  const alive = setInterval(() => {}, 1_000)
  const cancel = SYSTEM_CLOCK.schedule(() => { order.push('cancelled') }, 1)
  cancel()
  await new Promise<void>((resolve) => {
    SYSTEM_CLOCK.schedule(() => {
      order.push('called')
      resolve()
    }, 2)
  })
  clearInterval(alive)
  t.same(order, ['called'])
  t.type(SYSTEM_CLOCK.now(), 'number')
})

test('waits twice as long after each failure, at most so long, with up to half of it as jitter', async (t) => {
  const most = [1, 2, 3, 4, 5, 60].map((failures) => backOff(failures, { first: 100, longest: 1_000, random: () => 0 }))
  t.same(most, [100, 200, 400, 800, 1_000, 1_000])
  t.same([1, 5].map((failures) => backOff(failures, { first: 100, longest: 1_000, random: () => 1 })), [50, 500])
})
