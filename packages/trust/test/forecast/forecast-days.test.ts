// The days of a forecast, each at its first moment and one before it.
import { endOfValidity } from '@peerkit/identity'
import { test } from 'tap'
import { adviseClientAuth, dateOfLoss, forecastOf, needsAction } from '../../src/forecast/index.ts'
import type { ClientAuthForecast, KnownOfCertificate, Origin } from '../../src/forecast/index.ts'

const DAY = 86_400_000
const STOP = Date.parse('2027-03-01T00:00:00Z')
const operator = { name: 'DigiCert', stop: { stopsOn: '2027-03-01', source: 'announcement' } }
const origin: Origin = { kind: 'public', evidence: 'signature', operator, path: [] }

/** A forecast for a certificate that is renewed at a moment, 30 days before its end. */
function forecast (renewal: number, now: number, known: Partial<KnownOfCertificate> = {}): ClientAuthForecast {
  return forecastOf(origin, { clientAuth: true, notBefore: renewal - 60 * DAY, notAfter: renewal + 30 * DAY, now, ...known })
}

test('whether the next renewal can have clientAuth, and when it is lost', (t) => {
  const [possible, without] = ['client_auth_possible', 'server_auth_only']
  for (const [what, renewal, now, nextRenewal, at, basis] of [
    ['renewed at the stop', STOP, STOP - 5 * DAY, without, STOP, 'renewal'],
    ['a moment before it', STOP - 1, STOP - 5 * DAY, possible, STOP, 'stop'],
    ['after it', STOP + 5, STOP - 5 * DAY, without, STOP + 5, 'renewal'],
    ['now, after the stop', STOP + DAY, STOP + DAY, without, STOP + DAY, 'renewal'],
    ['overdue after the stop', STOP + DAY, STOP + DAY + 1, without, STOP + 31 * DAY, 'end'],
    ['overdue at the stop', STOP - DAY, STOP, without, STOP + 29 * DAY, 'end'],
    ['overdue before the stop', STOP - DAY, STOP - 1, possible, STOP, 'stop']
  ] as const) {
    t.match(forecast(renewal, now), { state: 'loses', renewal, nextRenewal, loses: { at, basis } }, what)
  }
  t.end()
})

test('of a CA the stop counts, whatever its own renewal', (t) => {
  for (const now of [STOP - DAY, STOP, STOP + DAY]) {
    const found = forecast(STOP + 5 * DAY, now, { isAuthority: true })
    t.match(found, { state: 'loses', renewal: undefined, loses: { at: STOP, basis: 'stop' } })
    t.equal(found.nextRenewal, now < STOP ? 'client_auth_possible' : 'server_auth_only')
  }
  t.end()
})

test('what is not known of a certificate is not guessed', (t) => {
  for (const known of [{ notBefore: undefined }, { notAfter: undefined }, { notBefore: undefined, notAfter: undefined }]) {
    const [before, after] = [STOP - DAY, STOP].map((now) => forecast(STOP + DAY, now, known))
    t.match(before, { renewal: undefined, nextRenewal: 'client_auth_possible', loses: { at: STOP, basis: 'stop' } })
    const loses = 'notAfter' in known ? { at: STOP, basis: 'stop' } : { at: STOP + 31 * DAY, basis: 'end' }
    t.match(after, { renewal: undefined, nextRenewal: 'server_auth_only', loses })
  }
  t.end()
})

test('one that lacks clientAuth or has ended loses nothing more', (t) => {
  const end = endOfValidity({ notAfter: STOP + 30 * DAY })
  t.equal(forecast(STOP, end - 1).state, 'loses')
  t.match(forecast(STOP, end), { state: 'ended', loses: undefined, renewal: STOP, nextRenewal: 'server_auth_only' })
  t.match(forecast(STOP, STOP - DAY, { clientAuth: false, lackedBy: 'CN=x' }), { state: 'lacks', lackedBy: 'CN=x', loses: undefined })
  t.equal(forecast(STOP, end, { clientAuth: false }).state, 'lacks', 'also after its end')
  t.equal(forecast(STOP, STOP, { clientAuth: undefined }).state, 'loses')
  const inner = forecastOf({ ...origin, kind: 'private', operator: undefined }, { clientAuth: false, notBefore: 0, notAfter: DAY, now: 2 * DAY })
  t.match(inner, { state: 'not_affected', operator: undefined, renewal: undefined, nextRenewal: undefined, loses: undefined, stop: undefined })
  t.end()
})

test('advice changes at the day, and not one moment before', (t) => {
  const now = STOP + DAY
  const advise = (question: Partial<Parameters<typeof adviseClientAuth>[0]>, at = now): string | undefined => {
    return adviseClientAuth({ forecast: forecast(now, now), use: 'client', isOwn: false, ...question }, at)?.text
  }
  const client = (when: string): string => `Ask the client for a certificate from a private CA ${when}.`
  t.equal(advise({}, now - 1), client('before 2027-03-02'))
  t.equal(advise({}), client('before its next renewal'))
  t.equal(advise({ acceptedUntil: now + 1 }), client('before 2027-03-02'))
  t.equal(advise({ acceptedUntil: now }), client('now'))
  const authority = (acceptedUntil: number | undefined, at = now): string | undefined => advise({ use: 'authority', acceptedUntil }, at)
  const start = 'Trust a private CA for its clients: they are'
  t.equal(authority(undefined), `${start} refused after their next renewal.`)
  t.equal(authority(undefined, now - 1), `${start} refused after their next renewal from 2027-03-02 on.`)
  t.equal(authority(now), `${start} refused after their next renewal.`)
  t.equal(authority(now + 1), `${start} accepted without clientAuth until 2027-03-02.`)
  t.equal(authority(now, now - DAY), `${start} refused after their next renewal from 2027-03-02 on.`, 'accepted no longer than without')
  const lacks = forecast(now, now, { clientAuth: false })
  t.equal(advise({ use: 'authority', forecast: lacks, acceptedUntil: now + 1 }), `${start} accepted without clientAuth until 2027-03-02.`)
  t.equal(advise({ use: 'authority', forecast: lacks, acceptedUntil: now }), `${start} refused.`)
  const inner = forecastOf({ ...origin, operator: undefined }, { clientAuth: false, notAfter: undefined, now })
  t.equal(advise({ forecast: inner, acceptedUntil: now }), 'Ask the client for a certificate with clientAuth now.')
  t.equal(advise({ forecast: inner, acceptedUntil: now + 1 }), 'Ask the client for a certificate with clientAuth before 2027-03-02.')
  for (const use of ['server', 'unknown', 'authority'] as const) t.equal(advise({ forecast: inner, use, acceptedUntil: now }), undefined, use)
  t.match(advise({ use: 'unknown' }), /^If a client presents it: Ask the client/)
  t.notMatch(advise({ use: 'authority' }), /^If a client presents it/)
  t.end()
})

test('what has to be done within a time, and in which order', (t) => {
  const found = forecast(STOP, STOP - 10 * DAY)
  t.equal(needsAction('client', found, STOP - 10 * DAY, 10 * DAY), true)
  t.equal(needsAction('client', found, STOP - 10 * DAY, 10 * DAY - 1), false)
  t.equal(needsAction('unknown', found, STOP - 10 * DAY, 10 * DAY), true)
  t.equal(needsAction('server', found, STOP - 10 * DAY, 10 * DAY), false)
  const ended = forecast(STOP, STOP + 90 * DAY)
  t.equal(needsAction('client', ended, STOP + 90 * DAY, 0), true)
  t.equal(dateOfLoss(found), STOP)
  t.equal(dateOfLoss(ended), STOP + 30 * DAY)
  t.equal(dateOfLoss({ ...ended, notAfter: undefined }), -Infinity)
  t.end()
})
