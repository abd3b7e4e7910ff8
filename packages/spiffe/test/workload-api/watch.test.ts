import { test } from 'tap'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { Watch } from '../../src/workload-api/watch.ts'

test('a clock that is set back by a day makes no pause longer', (t) => {
  const clock = new ManualClock()
  let [back, ends] = [0, 0]
  const watch = new Watch({
    endpoint: { host: '127.0.0.1', port: 70_000 }, method: '/x', clock: { now: () => clock.now() - back, schedule: (task, delay) => clock.schedule(task, delay) }, random: () => 0, retry: { first: 1_000, longest: 5_000 }, pingInterval: 1, pingTimeout: 1
  }, { onMessage: () => {}, onLost: () => { ends += 1 } })
  back = 86_400_000
  clock.advance(1_000)
  t.equal(ends, 2)
  watch.close()
  t.end()
})

test('a connection that Node refuses to open is tried again, with growing pauses and jitter', (t) => {
  const clock = new ManualClock()
  const delays: number[] = []
  // Such a port throws at once, as a permission does that is missing.
  const watch = new Watch({
    endpoint: { host: '127.0.0.1', port: 70_000 }, method: '/x', clock, random: () => 0.5, retry: { first: 1_000, longest: 5_000 }, pingInterval: 1, pingTimeout: 1
  }, {
    onMessage: () => {},
    onLost: (error, delay) => {
      t.match(error, { code: 'MTLS_ERR_SPIFFE_WORKLOAD_API', reason: 'unreachable', message: /the connection cannot be opened/ })
      delays.push(delay)
    }
  })
  for (let tries = 0; tries < 4; tries++) clock.advance(delays.at(-1) as number)
  t.same(delays, [750, 1_500, 3_000, 3_750, 3_750])
  watch.close()
  t.equal(clock.waiting, 0)
  t.end()
})
