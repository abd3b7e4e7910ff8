// How many of many instances call the issuer in one second: when they renew, and after an outage. Simulated: the
// sources are real, the clock is moved second by second, and the issuer answers at once.
import { mostOf, startFleet } from '@peerkit/test-support/fleet'
import type { Run } from './benchmark.ts'
import { SeriesBook } from './series-book.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

export const run: Run = async ({ quick, rounds }) => {
  const sizes = quick ? [10, 50] : [10, 100, 1_000]
  const book = new SeriesBook()
  for (const instances of sizes) {
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, life] of [['certificates of a minute', MINUTE], ['certificates of an hour', HOUR]] as const) {
        book.add(name, instances, await renew(instances, life))
      }
      book.add('after an outage', instances, await comeBack(instances))
      book.add('after the same Retry-After', instances, await waitTogether(instances))
    }
    book.add('without jitter', instances, instances)
  }
  return [book.write({
    id: 'calls',
    title: 'Calls of the issuer in the busiest second',
    size: 'instances that started together',
    unit: 'calls',
    notes: [
      'Simulated. All instances start in one second. *After an outage* of four minutes, while certificates of an ' +
      'hour were due. *After the same Retry-After*: all were told to come back 50 minutes after the start.'
    ]
  })]
}

async function renew (instances: number, life: number): Promise<number> {
  const fleet = await startFleet({ instances, life })
  await fleet.clock.pass(Math.ceil(life * 0.68))
  await fleet.close()
  return mostOf(fleet.calls)
}

async function comeBack (instances: number): Promise<number> {
  let isDown = true
  const fleet = await startFleet({
    instances, life: HOUR, refuse: () => { if (isDown) throw new Error('the CA is down') }
  })
  await fleet.clock.pass(41 * MINUTE)
  isDown = false
  await fleet.clock.pass(MINUTE)
  await fleet.close()
  return mostOf(fleet.calls.slice(41 * 60 + 1))
}

async function waitTogether (instances: number): Promise<number> {
  let isLimited = true
  const fleet = await startFleet({
    instances,
    life: HOUR,
    refuse (clock) {
      if (!isLimited) return
      throw Object.assign(new Error('slow down'), { retryAfter: clock.start + 50 * MINUTE - clock.now() })
    }
  })
  await fleet.clock.pass(49 * MINUTE)
  isLimited = false
  await fleet.clock.pass(4 * MINUTE)
  await fleet.close()
  return mostOf(fleet.calls.slice(49 * 60))
}
