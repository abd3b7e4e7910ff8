import { test } from 'tap'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { WorkloadApiError } from '../../src/index.ts'
import { Denials } from '../../src/source/denials.ts'

const denied = new WorkloadApiError('denied', 'no identity issued')
const away = new WorkloadApiError('unreachable', 'away')

test('an agent that ends our stream with a denial, and denies the next call', (t) => {
  const denials = new Denials({ whenDenied: 'stop', grace: 60_000, clock: new ManualClock() })
  t.notOk(denials.count(denied, true), 'the entry may have been made again')
  t.ok(denials.count(denied, false))
  denials.clear()
  t.notOk(denials.count(denied, true))
  denials.clear()
  t.notOk(denials.count(denied, true), 'the call between them was served')
  t.end()
})

test('an agent that was away, and denies when it is back', (t) => {
  const clock = new ManualClock()
  const denials = new Denials({ whenDenied: 'stop', grace: 60_000, clock })
  t.notOk(denials.count(away, true))
  t.notOk(denials.count(denied, false))
  clock.advance(59_999)
  t.notOk(denials.count(denied, false), 'it may not know its workloads yet')
  clock.advance(1)
  t.ok(denials.count(denied, false))
  t.notOk(denials.count(away, false))
  t.notOk(denials.count(denied, false), 'the time begins anew')
  t.end()
})

test('an identity that is kept', (t) => {
  const denials = new Denials({ whenDenied: 'keep', grace: 0, clock: new ManualClock() })
  t.same([denials.count(denied, true), denials.count(denied, false)], [false, false])
  t.end()
})
