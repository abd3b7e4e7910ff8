import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { providerCredentials, renewingCredentials } from '../src/index.ts'
import type { Clock } from '../src/index.ts'
import { nextChange } from './support/world.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const ca = await createDevCa({ notBefore: new Date(Date.now() - 60 * DAY), notAfter: new Date(Date.now() + 400 * DAY) })
const { chain, key } = await ca.issue({ cn: 'ledger', notBefore: new Date(Date.now() - 50 * DAY), notAfter: new Date(Date.now() + 90 * DAY) })
const given = { cert: chain, key, ca: ca.root }
const random = (): number => 0

/** A clock that can be set back. Its timers go on as those of a machine do. */
function settable (): { clock: Clock, manual: ManualClock, setBack: (by: number) => void } {
  const manual = new ManualClock()
  let behind = 0
  const clock: Clock = { now: () => manual.now() - behind, schedule: (task, delay) => manual.schedule(task, delay) }
  return { clock, manual, setBack: (by) => { behind += by } }
}

test('a clock that is set back by a month does not put off the next call of a provider', async (t) => {
  const { clock, manual, setBack } = settable()
  let calls = 0
  const source = await providerCredentials(() => { calls += 1; return given }, { refresh: 2 * HOUR, clock, random })
  setBack(30 * DAY)
  manual.advance(2 * HOUR)
  await turn()
  t.equal(calls, 2)
  await source.close()
})

test('a clock that is set back by a month does not put off a retry', async (t) => {
  const { clock, manual, setBack } = settable()
  let fails = false
  const issue = (): typeof given => {
    if (fails) throw Object.assign(new Error('later'), { retryAfter: HOUR })
    return given
  }
  const source = await renewingCredentials({ issue }, { clock, random, renewAfter: 0.5 })
  fails = true
  await t.rejects(source.refresh(), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', retryAfter: HOUR })
  fails = false
  setBack(30 * DAY)
  const recovered = nextChange(source, 'recovered')
  manual.advance(HOUR)
  await recovered
  await source.close()
})

test('a start does not wait for hours, though the issuer says so', async (t) => {
  const issue = (): never => { throw Object.assign(new Error('too many certificates'), { retryAfter: 2 * HOUR }) }
  await t.rejects(renewingCredentials({ issue }, { ca: ca.root }), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', reason: 'provider', retryAfter: 2 * HOUR })
})
