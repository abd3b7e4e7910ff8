import { getEventListeners } from 'node:events'
import { test } from 'tap'
import { withTimeout } from '../src/internal/index.ts'
import type { Schedule } from '../src/internal/index.ts'

/** Timers that fire when the test says so. */
function makeTimers (): { schedule: Schedule, fire: () => void, pending: Set<() => void>, delays: number[] } {
  const pending = new Set<() => void>()
  const delays: number[] = []
  return {
    pending,
    delays,
    schedule: (task, delay) => {
      pending.add(task)
      delays.push(delay)
      return () => { pending.delete(task) }
    },
    fire: () => { for (const task of pending) task() }
  }
}
const never: Promise<never> = new Promise(() => {})
const late = (): never => { throw new Error('late') }

test('what comes in time counts, and the timer is gone', async (t) => {
  const timers = makeTimers()
  t.equal(await withTimeout(Promise.resolve(1), { ...timers, timeout: 5, onTimeout: late }), 1)
  t.equal(await withTimeout({ then: (resolve: any) => resolve(2) } as PromiseLike<number>, { ...timers, timeout: 5, onTimeout: late }), 2)
  t.equal(await withTimeout(() => 3, { ...timers, timeout: 5, onTimeout: late }), 3)
  await t.rejects(withTimeout(Promise.reject(new Error('x')), { ...timers, timeout: 5, onTimeout: late }), { message: 'x' })
  await t.rejects(withTimeout(() => { throw new Error('y') }, { ...timers, timeout: 5, onTimeout: late }), { message: 'y' })
  t.same(timers.delays, [5, 5, 5, 5, 5])
  t.equal(timers.pending.size, 0)
})

test('when the time is up, the caller says what counts, and the work hears of it', async (t) => {
  const timers = makeTimers()
  let signal: AbortSignal | undefined
  const work = async (given: AbortSignal): Promise<never> => {
    signal = given
    queueMicrotask(timers.fire)
    return await never
  }
  await t.rejects(withTimeout(work, { ...timers, timeout: 5, onTimeout: late }), { message: 'late' })
  t.match(signal, { aborted: true, reason: { message: 'late' } })
  t.equal(await withTimeout<number>(work, { ...timers, timeout: 5, onTimeout: () => 7 }), 7)
  t.ok(signal?.aborted)
  t.equal(timers.pending.size, 0)
})

test('an aborted signal ends the wait, before it or meanwhile', async (t) => {
  const timers = makeTimers()
  const controller = new AbortController()
  let own: AbortSignal | undefined
  const work = async (signal: AbortSignal): Promise<never> => {
    own = signal
    queueMicrotask(() => { controller.abort(new Error('closed')) })
    return await never
  }
  await t.rejects(withTimeout(work, { ...timers, timeout: 5, onTimeout: late, signal: controller.signal }), { message: 'closed' })
  t.match(own, { aborted: true, reason: { message: 'closed' } })
  await t.rejects(withTimeout(() => t.fail('not called'), { signal: controller.signal }), { message: 'closed' })
  await t.rejects(withTimeout(never, { signal: controller.signal }), { message: 'closed' })
  t.equal(timers.pending.size, 0)
})

test('what fails too late ends nobody', async (t) => {
  const timers = makeTimers()
  const { promise, reject } = Promise.withResolvers<number>()
  const result = withTimeout<number>(promise, { ...timers, timeout: 5, onTimeout: () => 1 })
  timers.fire()
  t.equal(await result, 1)
  reject(new Error('an unhandled rejection would end the process'))
  await new Promise((resolve) => { setImmediate(resolve) })
  await t.rejects(promise)
})

test('the timers of Node are used unless others are given', async (t) => {
  const alive = setInterval(() => {}, 1_000)
  t.after(() => { clearInterval(alive) })
  t.equal(await withTimeout<number>(never, { timeout: 1, onTimeout: () => 1 }), 1)
})

test('a signal of many waits keeps no listener of one that is over', async (t) => {
  const timers = makeTimers()
  const { signal } = new AbortController()
  const limit = { ...timers, timeout: 5, onTimeout: late, signal }
  await withTimeout(Promise.resolve(1), limit)
  await t.rejects(withTimeout(Promise.reject(new Error('x')), limit), { message: 'x' })
  const waiting = withTimeout(never, limit)
  t.equal(getEventListeners(signal, 'abort').length, 1)
  timers.fire()
  await t.rejects(waiting, { message: 'late' })
  t.equal(getEventListeners(signal, 'abort').length, 0)
})
