import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { renewingCredentials } from '../src/index.ts'
import type { IssuedMaterial, TimedCredentials } from '../src/index.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const INSTANCES = 1_000
const ca = await createDevCa({ notAfter: new Date(Date.now() + 400 * 24 * HOUR) })

/** A clock of many sources. It knows how many calls are running: each has a timer for its time limit. */
class FleetClock extends ManualClock {
  /** No other timer has this delay: waits are of multiples of ten seconds, or of twenty at most. */
  static readonly timeout = 25_001
  readonly start: number = this.now()
  #running = 0

  override schedule (task: () => void, delay: number): () => void {
    const cancel = super.schedule(task, delay)
    if (delay !== FleetClock.timeout) return cancel
    this.#running += 1
    return () => {
      this.#running -= 1
      cancel()
    }
  }

  /** Moves on second by second, and lets every instance do what it has to do. */
  async pass (time: number): Promise<void> {
    for (let passed = 0; passed < time; passed += SECOND) {
      this.advance(SECOND)
      do await turn(); while (this.#running > 0)
    }
  }
}

interface Fleet {
  readonly clock: FleetClock
  /** How many calls came in each second since the start. */
  readonly calls: number[]
  close (): Promise<void>
}

/** Starts 1,000 instances together. The first call of each gets an answer, whatever `answer` does later. */
async function startFleet (answer: (clock: FleetClock) => IssuedMaterial | Promise<IssuedMaterial>): Promise<Fleet> {
  const clock = new FleetClock()
  const calls: number[] = []
  const first = await certify(clock.now())
  let isStarting = true
  const issue = async (): Promise<IssuedMaterial> => {
    if (isStarting) return first
    const second = Math.floor((clock.now() - clock.start) / SECOND)
    calls[second] = (calls[second] ?? 0) + 1
    return await answer(clock)
  }
  const sources: TimedCredentials[] = []
  for (let index = 0; index < INSTANCES; index += 1) {
    sources.push(await renewingCredentials({ issue }, { clock, timeout: FleetClock.timeout }))
  }
  isStarting = false
  return {
    clock,
    calls,
    async close () { await Promise.all(sources.map(async (source) => { await source.close() })) }
  }
}

/** A certificate of an hour. Signing one for each instance takes long, so all get the same one. */
async function certify (notBefore: number): Promise<IssuedMaterial> {
  const { chain, key } = await ca.issue({ notBefore: new Date(notBefore), notAfter: new Date(notBefore + HOUR) })
  return { cert: chain, key, ca: ca.root }
}

/** Answers with a certificate that was issued 30 minutes after the start. */
function laterCertificate (): (clock: FleetClock) => Promise<IssuedMaterial> {
  let made: Promise<IssuedMaterial> | undefined
  return async (clock) => {
    made ??= certify(clock.start + 30 * MINUTE)
    return await made
  }
}

const sum = (counts: readonly number[]): number => counts.reduce((all, count = 0) => all + count, 0)
/** The most in any second. Seconds without a call are holes. */
const most = (counts: readonly number[]): number => Math.max(...counts.filter((count) => count > 0))

test('1,000 instances that start together do not renew together', async (t) => {
  const fleet = await startFleet(laterCertificate())
  await fleet.clock.pass(41 * MINUTE)
  await fleet.close()
  t.equal(sum(fleet.calls), INSTANCES, 'each renewed once')
  // A twentieth of an hour has 180 seconds: 5.6 for each. More than 25 in one has a probability below 1 in a million.
  t.ok(most(fleet.calls) <= 25, `at most 25 in one second, found ${most(fleet.calls)}`)
})

test('1,000 instances do not come back together after an outage', async (t) => {
  let isDown = true
  const later = laterCertificate()
  const fleet = await startFleet(async (clock) => {
    if (isDown) throw new Error('the CA is down')
    return await later(clock)
  })
  await fleet.clock.pass(42 * MINUTE)
  isDown = false
  await fleet.clock.pass(2 * MINUTE)
  await fleet.close()
  const after = fleet.calls.slice(42 * 60 + 1)
  t.equal(sum(after), INSTANCES, 'each renewed once')
  // Each waits 30 to 60 seconds, so 22 for each second. More than 55 has a probability below 1 in a million.
  t.ok(most(after) <= 55, `at most 55 in one second, found ${most(after)}`)
  t.equal(after.slice(62).length, 0, 'within the longest pause')
})

test('1,000 instances that are told the same Retry-After do not come back in one second', async (t) => {
  let isLimited = true
  const later = laterCertificate()
  const fleet = await startFleet(async (clock) => {
    if (isLimited) throw Object.assign(new Error('slow down'), { retryAfter: clock.start + 50 * MINUTE - clock.now() })
    return await later(clock)
  })
  await fleet.clock.pass(49 * MINUTE)
  t.equal(sum(fleet.calls), INSTANCES, 'each was told once, and none came sooner')
  isLimited = false
  await fleet.clock.pass(5 * MINUTE)
  await fleet.close()
  const after = fleet.calls.slice(49 * 60)
  t.equal(sum(after), INSTANCES, 'each renewed once')
  t.equal(sum(after.slice(0, 60)), 0, 'not before the time')
  // They were told 10 to 14 minutes before it, and add up to a tenth of that: more than a minute.
  t.ok(most(after) <= 45, `at most 45 in one second, found ${most(after)}`)
})
