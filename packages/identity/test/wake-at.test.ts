import { once, EventEmitter } from 'node:events'
import { test } from 'tap'
import { LONGEST_TIMER, WakeAt, scheduleTimer } from '../src/internal/index.ts'
import type { Schedule } from '../src/internal/index.ts'

const HOUR = 3_600_000

/** A clock whose timers fire when the test says so. */
class Desk {
  time = 1_000_000_000_000
  waiting: { task: () => void, delay: number } | undefined
  readonly now = (): number => this.time
  readonly schedule: Schedule = (task, delay) => {
    const own = this.waiting = { task, delay }
    return () => { if (this.waiting === own) this.waiting = undefined }
  }

  /** Lets the pending timer fire, some milliseconds late. */
  fire (late = 0): void {
    const { task, delay } = this.waiting!
    this.waiting = undefined
    this.time += delay + late
    task()
  }
}

test('a pause: a clock that is set back does not make it longer, and one that is set forward makes it shorter', async (t) => {
  const desk = new Desk()
  let calls = 0
  const wake = new WakeAt(() => { calls += 1 }, desk)
  wake.setAfter(1_000)
  t.equal(wake.at, desk.time + 1_000)
  desk.time -= 24 * HOUR
  desk.fire()
  t.equal(calls, 1)
  wake.setAfter(2.5 * HOUR)
  const delays: Array<number | undefined> = []
  for (; desk.waiting !== undefined; desk.fire()) {
    delays.push(desk.waiting.delay)
    desk.time -= HOUR
  }
  t.same([delays, calls], [[HOUR, HOUR, HOUR / 2], 2])
  wake.setAfter(2.5 * HOUR)
  desk.time += 2 * HOUR
  desk.fire()
  t.equal(calls, 3)
})

test('it calls back once, when the moment has come', async (t) => {
  const desk = new Desk()
  let calls = 0
  const wake = new WakeAt(() => { calls += 1 }, desk)
  t.equal(wake.at, Infinity)
  t.notOk(wake.isDue)
  wake.set(desk.time + 500.5)
  t.equal(desk.waiting?.delay, 501)
  t.notOk(wake.isDue)
  desk.fire()
  t.equal(calls, 1)
  t.equal(wake.at, Infinity)
  t.equal(desk.waiting, undefined)
})

test('far moments are reached in sleeps of at most an hour, with few different durations', async (t) => {
  const desk = new Desk()
  const woken: number[] = []
  const wake = new WakeAt(() => { woken.push(desk.time) }, desk)
  const at = desk.time + 60 * 24 * HOUR + 12_345
  wake.set(at)
  const delays = new Set<number>()
  while (woken.length === 0) {
    delays.add(desk.waiting!.delay)
    desk.fire()
  }
  t.same(woken, [at])
  t.same([...delays].sort((one, other) => other - one), [HOUR, 12_345])
  wake.set(desk.time + 54_321)
  t.equal(desk.waiting?.delay, 50_000)
})

test('a clock that is set back makes it wait again, one that is set forward makes it due', async (t) => {
  const desk = new Desk()
  let calls = 0
  const wake = new WakeAt(() => { calls += 1 }, desk)
  wake.set(desk.time + 1_000)
  desk.fire(-5_000)
  t.equal(calls, 0)
  t.equal(desk.waiting?.delay, 5_000)
  desk.time += 2 * HOUR
  t.ok(wake.isDue)
  desk.fire(2 * HOUR)
  t.equal(calls, 1)
})

test('there is one moment: a new one replaces the former, and none is the end', async (t) => {
  const desk = new Desk()
  let calls = 0
  const wake = new WakeAt(() => {
    calls += 1
    if (calls === 1) wake.set(desk.time + 10)
  }, desk)
  wake.set(desk.time + 1_000)
  wake.set(desk.time - 1_000)
  t.equal(desk.waiting?.delay, 0)
  desk.fire()
  t.equal(desk.waiting?.delay, 10, 'set again while it calls back')
  wake.set(Infinity)
  t.equal(desk.waiting, undefined)
  wake.set(desk.time + 1)
  wake.clear()
  wake.clear()
  t.equal(desk.waiting, undefined)
  t.equal(calls, 1)
})

test('the timers of Node are used unless others are given', async (t) => {
  const alive = setInterval(() => {}, 1_000)
  t.after(() => { clearInterval(alive) })
  const signs = new EventEmitter()
  const called = once(signs, 'wake')
  new WakeAt(() => signs.emit('wake')).set(Date.now() + 1)
  await called
  const cancel = scheduleTimer(() => { t.fail('a longer delay than 2^31 - 1 ms would fire at once') }, LONGEST_TIMER + 1)
  await new Promise((resolve) => { scheduleTimer(() => { resolve(undefined) }, 1) })
  cancel()
})
