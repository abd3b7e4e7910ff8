import { test } from 'tap'
import { backOff } from '../src/clock.ts'
import { SYSTEM_CLOCK } from '../src/clock.ts'

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
