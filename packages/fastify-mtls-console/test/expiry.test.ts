import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { makeCalendar } from '../src/trust/calendar.ts'
import type { Due } from '../src/trust/calendar.ts'
import { plainText } from './support/plain-text.ts'
import { strangeMarkup } from './support/strange-markup.ts'
import { createWorld } from './support/world.ts'

const NOW = Date.parse('2026-11-29T23:30:00Z')
const due = (time: string): Due => ({ what: 'client', name: 'x', fingerprint256: undefined, notAfter: Date.parse(time), end: Date.parse(time) + 1000 })

test('a calendar has this month and those in which something ends, with weeks from Monday to Sunday', async (t) => {
  const dues = [due('2026-12-02T00:00:00Z'), due('2026-12-02T23:59:59Z'), due('2027-02-28T00:00:00Z'), due('2028-01-01T00:00:00Z'), { ...due('2026-12-01T00:00:00Z'), notAfter: 1e20 }]
  const months = makeCalendar(dues, NOW, 4, 12)
  t.strictSame(months.map(({ month }) => month), ['2026-11', '2026-12', '2027-02'])
  t.strictSame(months.map(({ weeks }) => weeks.length), [6, 5, 4])
  const december = months[1]?.weeks.flat() ?? []
  t.equal(december.length, 35)
  t.strictSame(december.slice(0, 3).map((day) => day?.date), [undefined, '2026-12-01', '2026-12-02'], 'the first was a Tuesday')
  t.strictSame(december.filter((day) => (day?.dues.length ?? 0) > 0).map((day) => [day?.day, day?.dues.length]), [[2, 2]])
  t.strictSame(makeCalendar(dues, NOW, 2, 12).map(({ month }) => month), ['2026-11', '2026-12'], 'at most so many')
})

test('the page has a calendar that leads to the list, the soonest first', async (t) => {
  const now = Date.now()
  const soon = new Date(now + 2 * 86_400_000)
  const world = await createWorld(t)
  const { as, issue, get, ca, credentials, data } = world
  await as(await issue({ cn: 'ends soon', notAfter: soon }), '/accounts')
  const acceptUntil = new Date(now + 20 * 86_400_000).toISOString().slice(0, 10)
  const partner = { ca: (await createDevCa({ name: 'Partner' })).root, names: { dns: 'p.example' }, for: 'clients', serverAuthOnly: { acceptUntil } } as const
  credentials.update({ ca: undefined, authorities: { internal: { ca: ca.root, names: 'any' }, partner } })
  const page = await get('/expiry')
  const date = soon.toISOString().slice(0, 10)
  t.match(page, `<a href="#day-${date}">${soon.getUTCDate()}<span`)
  t.equal(page.split(`id="day-${date}"`).length, 2, 'and there it is, once')
  t.match(plainText(page), /client ends soon 20[-\d]+ [:\d]+ in \d+ \w+ within a week/)
  t.match(plainText(page), `serverAuthOnly authority partner no longer accepts clients with only serverAuth ${acceptUntil} 00:00:00`)
  t.strictSame(strangeMarkup(page), [])
  const { due: dues } = await data()
  t.strictSame(dues.map(({ end }: any) => end), dues.map(({ end }: any) => end).sort((a: number, b: number) => a - b))
})

test('the next renewal is due, or overdue', async (t) => {
  const { credentials: { current } } = await createWorld(t)
  const at = (nextRenewal: number): any => {
    const renewal = { issuer: 'x', issuedBy: 'x', renewedAt: 0, nextRenewal, failures: 0, failingSince: undefined, code: undefined, reason: undefined, store: undefined }
    return { current, subscribe: () => () => {}, close: async () => {}, status: () => ({ kind: 'renewing', origin: 'x', state: 'live', since: 0, problem: undefined, bundles: [], renewal }) }
  }
  const next = await createWorld(t, { console: { credentials: at(Date.now() + 3 * 86_400_000) } })
  t.match(plainText(await next.get('/expiry')), /renewal next renewal is due 20[-\d]+ [:\d]+ in 2 days/)
  const late = await createWorld(t, { console: { credentials: at(Date.now() - 86_400_000) } })
  t.match(plainText(await late.get('/expiry')), /renewal next renewal is due 20[-\d]+ [:\d]+ .*ago overdue/)
})
