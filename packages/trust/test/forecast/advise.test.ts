import { test } from 'tap'
import {
  adviseClientAuth, dateOfLoss, describeDay, forecastAuthority, forecastClientAuth, lastDayBefore, needsAction
} from '../../src/forecast/index.ts'
import type { CertificateUse, ClientAuthForecast } from '../../src/forecast/index.ts'
import { between, digicert, digicertRoot, generationY, isrg, own, r11, read, roots } from '@peerkit/test-support/public-cas'

const DAY = 86_400_000
const at = (day: string): number => Date.parse(`${day}T00:00:00Z`)
const now = at('2026-11-28')
const period = between('2026-11-01', '2027-01-30')
const authorities = [isrg, r11, generationY, digicertRoot, digicert].map(({ der }) => read(der))

function forecast (der: Uint8Array): ClientAuthForecast {
  return forecastClientAuth(read(der), { chain: authorities, now, roots })
}

const loses = forecast((await r11.issue({ cn: 'loses', ...period })).der)
const lacks = forecast((await r11.issue({ cn: 'lacks', profile: 'server', dns: 'a.example', ...period })).der)
const ended = forecast((await r11.issue({ cn: 'ended', ...between('2026-01-01', '2026-04-01') })).der)
const inner = forecast((await own.issue({ cn: 'inner', ...period })).der)
const later = forecast((await digicert.issue({ cn: 'later', ...between('2026-09-01', '2027-04-30') })).der)

const advice = (
  found: ClientAuthForecast, use: CertificateUse, acceptedUntil?: number, isOwn = false
): string | undefined => adviseClientAuth({ forecast: found, use, isOwn, acceptedUntil }, now)?.text

test('a CA that is trusted has the day of its operator, and no renewal', (t) => {
  t.match(forecastAuthority(read(r11.der), { chain: authorities, now, roots }), {
    state: 'loses',
    evidence: 'signature',
    operator: 'Let\'s Encrypt',
    clientAuth: true,
    renewal: undefined,
    loses: { at: at('2026-05-13'), basis: 'stop' }
  })
  const options = { chain: authorities, now, roots }
  t.match(forecastAuthority(read(generationY.der), options), { state: 'lacks', loses: undefined })
  t.match(forecastAuthority(read(digicert.der), options), { loses: { at: at('2027-03-01') } })
  t.equal(lastDayBefore({ stopsOn: '2027-03-01', source: '' }), '2027-02-28')
  t.match(forecastAuthority(read(own.der)), { state: 'not_affected', evidence: 'signature' })
  t.end()
})

test('who can replace a certificate is told other things than who has to ask its owner', (t) => {
  t.equal(describeDay(loses.loses?.at ?? 0), '2026-12-31', 'the renewal')
  t.equal(advice(loses, 'client'), 'Ask the client for a certificate from a private CA before 2026-12-31.')
  t.equal(advice(loses, 'client', undefined, true), 'Get the client\'s certificate from a private CA before ' +
    '2026-12-31 (to try it: peerkit ca init, peerkit cert issue). ' +
    'If the client belongs to a partner, ask the partner to do so.')
  t.match(advice(loses, 'unknown', undefined, true), /^If a client presents it: Get the client's certificate /)
  t.equal(advice(lacks, 'client'), 'Ask the client for a certificate from a private CA now.')
  t.equal(advice(ended, 'client'), 'Ask the client for a certificate from a private CA now.')
  t.equal(advice(lacks, 'server'), 'Nothing, if only a server uses it.')
  t.match(advice(lacks, 'unknown'), /^Nothing, unless a client presents it: .* refuse it\.$/)
  t.equal(advice(inner, 'client'), undefined)
  t.equal(advice(inner, 'authority', now + DAY), undefined)
  t.end()
})

test('the advice says how to accept such clients meanwhile, unless they are accepted already', (t) => {
  const remark = (acceptedUntil?: number): string | undefined =>
    adviseClientAuth({ forecast: lacks, use: 'client', isOwn: false, acceptedUntil }, now)?.remark
  t.match(remark(), /serverAuthOnly: \{ acceptUntil: 'YYYY-MM-DD' \}/)
  t.equal(remark(now + DAY), undefined)
  t.end()
})

test('where a client is accepted without clientAuth until a day, that day counts', (t) => {
  const until = at('2027-06-01')
  t.equal(advice(lacks, 'client', until), 'Ask the client for a certificate from a private CA before 2027-06-01.')
  t.equal(advice(lacks, 'client', now), 'Ask the client for a certificate from a private CA now.')
  t.equal(advice(inner, 'client', until), 'Ask the client for a certificate with clientAuth before 2027-06-01.')
  t.equal(advice(inner, 'client', now - DAY), 'Ask the client for a certificate with clientAuth now.')
  t.end()
})

test('of a CA, the day counts on which its clients are refused', (t) => {
  const start = 'Trust a private CA for its clients: they '
  const [before, after, without] = [digicert, r11, generationY].map(({ der }) =>
    forecastAuthority(read(der), { chain: authorities, now, roots })) as ClientAuthForecast[]
  if (before === undefined || after === undefined || without === undefined) throw new Error('three forecasts')
  const fromDay = `${start}are refused after their next renewal from 2027-03-01 on.`
  t.equal(advice(before, 'authority'), fromDay)
  t.equal(advice(after, 'authority'), `${start}are refused after their next renewal.`)
  t.equal(advice(without, 'authority'), `${start}are refused.`)
  const bridged = `${start}are accepted without clientAuth until 2027-06-01.`
  for (const found of [before, after, without]) t.equal(advice(found, 'authority', at('2027-06-01')), bridged)
  t.equal(advice(before, 'authority', at('2027-01-01')), fromDay)
  t.equal(advice(without, 'authority', now), `${start}are refused.`)
  t.end()
})

test('something has to be done for what a client presents, and within the time', (t) => {
  const cases: ReadonlyArray<readonly [ClientAuthForecast, CertificateUse, days: number, expected: boolean]> = [
    [loses, 'client', 34, true], [loses, 'client', 30, false], [loses, 'unknown', 34, true],
    [loses, 'server', 90, false],
    [lacks, 'client', 0, true], [lacks, 'authority', 0, true], [lacks, 'unknown', 90, false],
    [ended, 'client', 0, true], [inner, 'client', 9999, false],
    [later, 'client', 92, false], [later, 'client', 93, true]
  ]
  for (const [found, use, days, expected] of cases) {
    t.equal(needsAction(use, found, now, days * DAY), expected, `${found.state} as ${use} within ${days} days`)
  }
  t.end()
})

test('the dates sort what is lacked first and what is not affected last', (t) => {
  const dates = [inner, later, loses, ended, lacks].map(dateOfLoss)
  const sorted = dates.sort((one, other) => one === other ? 0 : one - other)
  t.same(sorted, [-Infinity, at('2026-04-01'), at('2026-12-31'), at('2027-03-01'), Infinity])
  t.end()
})
