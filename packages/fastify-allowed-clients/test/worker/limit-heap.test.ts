import { EventEmitter } from 'node:events'
import { test } from 'tap'
import { limitHeap } from '../../src/rules-file/worker/limit-heap.ts'

/** A worker that is as large as it says. */
class Told extends EventEmitter {
  readonly getHeapStatistics: unknown
  asked = 0

  constructor (tell: () => Promise<number>) {
    super()
    this.getHeapStatistics = async () => {
      this.asked++
      return { used_heap_size: await tell() }
    }
  }
}

test('a worker within its limit is looked at again, until it is beyond', async (t) => {
  const sizes = [1, 2 ** 20, 2 ** 20 + 1]
  const worker = new Told(async () => sizes.shift()!)
  const exceeded = new Promise<void>((resolve) => { limitHeap(worker as never, 1, resolve) })
  // Timers of the limit do not keep a process alive.
  const alive = setInterval(() => {}, 1_000)
  worker.emit('online')
  await exceeded
  clearInterval(alive)
  t.same([worker.asked, sizes], [3, []])
})

test('nobody is told of a worker that has ended, nor after the end', async (t) => {
  const never = (): void => { t.fail('called') }
  const ended = new Told(async () => { throw new Error('ERR_WORKER_NOT_RUNNING') })
  limitHeap(ended as never, 1, never)
  ended.emit('online')
  const large = new Told(async () => 2 ** 40)
  const stop = limitHeap(large as never, 1, never)
  large.emit('online')
  stop()
  await new Promise(setImmediate)
  t.same([ended.asked, large.asked], [1, 1])
})

test('a runtime that cannot tell limits nothing', async (t) => {
  const worker = new EventEmitter()
  limitHeap(worker as never, 1, () => { t.fail('called') })
  t.equal(worker.emit('online'), true)
})
