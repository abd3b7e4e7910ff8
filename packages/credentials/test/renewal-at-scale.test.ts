import { test } from 'tap'
import { mostOf, startFleet, sumOf } from '@peerkit/test-support/fleet'

const MINUTE = 60_000
const life = 60 * MINUTE
const instances = 1_000

test('1,000 instances that start together do not renew together', async (t) => {
  const fleet = await startFleet({ instances, life })
  await fleet.clock.pass(41 * MINUTE)
  await fleet.close()
  t.equal(sumOf(fleet.calls), instances, 'each renewed once')
  // A twentieth of an hour has 180 seconds: 5.6 for each. More than 25 in one has a probability below 1 in a million.
  t.ok(mostOf(fleet.calls) <= 25, `at most 25 in one second, found ${mostOf(fleet.calls)}`)
})

test('1,000 instances do not come back together after an outage', async (t) => {
  let isDown = true
  const fleet = await startFleet({ instances, life, refuse: () => { if (isDown) throw new Error('the CA is down') } })
  await fleet.clock.pass(41 * MINUTE)
  isDown = false
  await fleet.clock.pass(2 * MINUTE)
  await fleet.close()
  const after = fleet.calls.slice(41 * 60 + 1)
  t.equal(sumOf(after), instances, 'each renewed once')
  // Each waits 30 to 60 seconds, so 22 for each second. More than 55 has a probability below 1 in a million.
  t.ok(mostOf(after) <= 55, `at most 55 in one second, found ${mostOf(after)}`)
  t.equal(after.slice(62).length, 0, 'within the longest pause')
})

test('1,000 instances that are told the same Retry-After do not come back in one second', async (t) => {
  let isLimited = true
  const fleet = await startFleet({
    instances,
    life,
    refuse (clock) {
      if (!isLimited) return
      throw Object.assign(new Error('slow down'), { retryAfter: clock.start + 50 * MINUTE - clock.now() })
    }
  })
  await fleet.clock.pass(49 * MINUTE)
  t.equal(sumOf(fleet.calls), instances, 'each was told once, and none came sooner')
  isLimited = false
  await fleet.clock.pass(5 * MINUTE)
  await fleet.close()
  const after = fleet.calls.slice(49 * 60)
  t.equal(sumOf(after), instances, 'each renewed once')
  t.equal(sumOf(after.slice(0, 60)), 0, 'not before the time')
  // They were told 10 to 14 minutes before it, and add up to a tenth of that: more than a minute.
  t.ok(mostOf(after) <= 45, `at most 45 in one second, found ${mostOf(after)}`)
})
