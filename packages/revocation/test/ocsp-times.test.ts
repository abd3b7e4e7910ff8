// When an OCSP response begins and ends, to the millisecond.
import { test } from 'tap'
import { verifyOcspResponse } from '../src/index.ts'
import type { VerifyOcspOptions } from '../src/index.ts'
import { describeCertId, writeOcspRequest } from '../src/ocsp/ocsp-request.ts'
import { HOUR } from './support/clock.ts'
import { asResponder, ca, certIdOf, identity, leaf, peer } from './support/ocsp-world.ts'
import { craftOcspResponse } from './support/ocsp-responder.ts'
import type { OcspLie } from './support/ocsp-responder.ts'

/** Whole seconds, as responses have them. */
const START = Math.floor(Date.now() / 1_000) * 1_000
const asked = writeOcspRequest(describeCertId(peer, identity, 'sha1'), undefined)
const at = (milliseconds: number): Date => new Date(START + milliseconds)
const produced: OcspLie = { producedAt: at(0), thisUpdate: at(0), nextUpdate: at(HOUR) }

/** The reason of the refusal at a time after the start, or the state and when it ends. */
function ask (lie: OcspLie, time: number, options: VerifyOcspOptions = {}): string {
  try {
    const response = craftOcspResponse(ca, asked, { ...produced, ...lie })
    const { state, until } = verifyOcspResponse(response, peer, identity, { ...options, now: () => START + time })
    return `${state} until ${until - START}`
  } catch (error) {
    return (error as { reason: string }).reason
  }
}

test('a response counts from its time, less the clock skew, until before its end', async (t) => {
  for (const [lie, time, expected] of [
    [{}, HOUR - 1, `good until ${HOUR}`], [{}, HOUR, 'stale'],
    [{}, -60_000, `good until ${HOUR}`], [{}, -60_001, 'not_yet_valid'],
    [{ producedAt: at(60_000) }, 0, `good until ${HOUR}`], [{ producedAt: at(61_000) }, 0, 'not_yet_valid'],
    [{ thisUpdate: at(60_000) }, 0, `good until ${HOUR}`], [{ thisUpdate: at(61_000) }, 0, 'not_yet_valid'],
    [{ nextUpdate: null }, 299_999, 'good until 300000'], [{ nextUpdate: null }, 300_000, 'stale'],
    [{ nextUpdate: at(0) }, -1, 'good until 0'], [{ nextUpdate: at(-1_000) }, -2_000, 'stale']
  ] satisfies ReadonlyArray<readonly [OcspLie, number, string]>) {
    t.equal(ask(lie, time), expected, `${JSON.stringify(lie)} after ${time} ms`)
  }
  const week = 168 * HOUR
  t.equal(ask({ nextUpdate: at(2 * week) }, week - 1), `good until ${week}`, 'no longer than a week')
  t.equal(ask({ nextUpdate: at(2 * week) }, week), 'stale')
  t.equal(ask({}, 1_000, { maxAge: 2_000 }), 'good until 2000')
  t.equal(ask({ nextUpdate: null }, 1_000, { lifetime: 2_000 }), 'good until 2000')
  t.equal(ask({ producedAt: at(1_000), thisUpdate: at(1_000) }, 0, { clockSkew: 0 }), 'not_yet_valid')
})

test('of several answers about one certificate the first to end counts, and of those that revoke the last', async (t) => {
  const [sooner, later] = [{ nextUpdate: at(HOUR) }, { nextUpdate: at(2 * HOUR) }]
  const both = (one: object, other: object): OcspLie => ({ certIds: [certIdOf(peer), certIdOf(peer, 'sha256')], each: [one, other] })
  const revoked = { state: 'revoked' } as const
  for (const each of [[sooner, later], [later, sooner]] as const) {
    t.equal(ask(both(each[0], each[1]), 0), `good until ${HOUR}`)
    t.equal(ask(both({ ...each[0], ...revoked }, { ...each[1], ...revoked }), 0), `revoked until ${2 * HOUR}`)
    t.equal(ask(both({ ...each[0], ...revoked }, each[1]), 0), `revoked until ${each[0].nextUpdate.getTime() - START}`)
    t.equal(ask(both({ ...each[0], ...revoked }, { ...each[1], ...revoked }), HOUR), `revoked until ${2 * HOUR}`, 'one has ended')
    t.equal(ask(both({ ...each[0], ...revoked }, { ...each[1], ...revoked }), 2 * HOUR), 'stale')
  }
})

test('the certificate of a responder must have begun and not ended', async (t) => {
  const responder = await leaf('responder', { ...asResponder, notBefore: at(10_000), notAfter: at(20_000) })
  const early = { producedAt: at(-1_000), thisUpdate: at(-1_000), signer: responder }
  t.equal(ask(early, 9_999), 'signer_not_authorized')
  t.equal(ask(early, 10_000), `good until ${HOUR}`)
  t.equal(ask(early, 20_999), `good until ${HOUR}`, 'its last second')
  t.equal(ask(early, 21_000), 'signer_not_authorized')
})
