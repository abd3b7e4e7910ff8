import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'tap'
import type { Test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { MtlsAgent } from '@peerkit/undici-mtls'
import { call } from './support/call.ts'
import {
  createPublicWorld, digicert, inOrder, NOW, roots, rowsOf, some, someRoot, textOf, years
} from './support/public-world.ts'
import type { PublicWorld } from './support/public-world.ts'
import { strangeMarkup } from './support/strange-markup.ts'
import { createWorld } from './support/world.ts'

const DAY = 86_400_000
const UNTIL = '2034-06-01'
const RENEWAL = Date.parse('2029-12-31T16:00:00Z')
const names = { dns: ['partner.example'] } as const
const settings = { names, for: 'clients' } as const
const serverAuthOnly = { acceptUntil: UNTIL } as const
const chrome = { stopsOn: '2027-03-15', lastDay: '2027-03-14', source: 'Chrome Root Program Policy' }
const announced = { stopsOn: '2027-03-01', lastDay: '2027-02-28', source: 'announcement of DigiCert' }

test('where nothing is affected, one sentence says so and when it was looked at', async (t) => {
  const { ca, origin, get, data } = await createPublicWorld(t, {})
  t.equal(await call(origin, ca.root, await ca.issue({ cn: 'ledger', ou: 'billing' }), '/accounts'), 200)
  const page = await get('/forecast')
  t.equal(textOf(page, '<div id="forecast"'), 'Nothing is affected: of the 3 known certificates, checked at ' +
    '2029-12-01 00:00:00, none is known to come from a public CA, and no client is accepted only by serverAuthOnly.')
  t.match(page, '<a href="/console/forecast" aria-current="page">Forecast</a>')
  t.match(textOf(await get('/')), 'Which certificates lose clientAuth?')
  const { forecast } = await data()
  const none = { lookedAt: 1, entries: [] }
  t.same(forecast, {
    time: NOW,
    withinDays: 90,
    lookedAt: 3,
    affected: 0,
    needAction: 0,
    hasNamedAuthorities: true,
    own: none,
    authorities: [{ name: 'internal', ...none }],
    clients: none,
    servers: { lookedAt: 0, entries: [] },
    remarks: []
  })
})

interface Partners extends PublicWorld { readonly refused: string }

/** Two public CAs are trusted, one of them until a day for certificates for servers alone. Clients of both call. */
async function createPartners (t: Test): Promise<Partners> {
  const world = await createPublicWorld(t, {
    another: { ca: digicert.root, ...settings },
    partner: { ca: someRoot.root, ...settings, serverAuthOnly }
  })
  const { ca, origin } = world
  const old = { ...years, notAfter: new Date('2040-01-01') }
  const shop = await some.issue({ cn: 'shop', dns: 'shop.partner.example', ...years })
  const bank = await digicert.issue({ cn: 'bank', dns: 'bank.partner.example', ...old })
  const alone = await some.issue({ cn: 'alone', profile: 'server', dns: 'alone.partner.example', ...years })
  const lost = await digicert.issue({ cn: 'lost', profile: 'server', dns: 'lost.partner.example', ...years })
  for (const client of [alone, bank, shop]) t.equal(await call(origin, ca.root, client, '/accounts'), 403)
  t.equal(await call(origin, ca.root, await ca.issue({ cn: 'ledger', ou: 'billing' }), '/accounts'), 200)
  t.type(await call(origin, ca.root, lost, '/accounts'), 'string', 'its handshake is refused')
  return { ...world, refused: String(parsePeerIdentity(lost.der)) }
}

test('clients of public CAs are facts by date, with the source and what to do', async (t) => {
  const { data, refused } = await createPartners(t)
  const { forecast, clients } = await data()
  t.match(forecast, { lookedAt: 9, affected: 6, needAction: 3, clients: { lookedAt: 5 } })
  const { entries } = forecast.clients
  t.same(entries.map(({ what, name }: any) => [what, name]), [
    ['refused client', refused],
    ['client', 'shop.partner.example'],
    ['client', 'bank.partner.example'],
    ['client', 'alone.partner.example']
  ])
  const ask = 'Ask the client for a certificate from a private CA'
  const common = { origin: 'public', evidence: 'signature', nextRenewal: 'server_auth_only' }
  const loses = { ...common, state: 'loses', clientAuth: true }
  const lacks = { state: 'lacks', clientAuth: false }
  const at = { loses: { at: RENEWAL, basis: 'renewal' }, refusedFrom: RENEWAL, renewal: RENEWAL }
  const until = Date.parse(UNTIL)
  const bridged = { serverAuthOnlyUntil: until, refusedFrom: until, needsAction: false }
  t.match(entries, [
    { ...lacks, evidence: 'issuer_name', operator: 'DigiCert', needsAction: true, advice: `${ask} now.` },
    { ...loses, ...at, operator: 'Some Trust', stop: chrome, needsAction: true, advice: `${ask} before 2029-12-31.` },
    { ...loses, operator: 'DigiCert', stop: announced, needsAction: false, advice: `${ask} before 2033-05-02.` },
    { ...common, ...lacks, ...bridged, authority: 'partner', advice: `${ask} before ${UNTIL}.` }
  ])
  const marks = clients.map(({ serverAuthOnlyUntil }: any) => serverAuthOnlyUntil)
  t.same(marks.filter((mark: unknown) => mark !== undefined), [until], 'the list of clients has the mark too')
  const { authorities } = forecast
  const counts = authorities.map(({ name, entries }: any) => [name, entries.length])
  t.same(counts, [['another', 1], ['partner', 1], ['internal', 0]])
  t.match(authorities[0].entries, [{ what: 'trusted CA', state: 'loses', needsAction: true, loses: { basis: 'stop' } }])
  const trust = 'Trust a private CA for its clients: they are accepted without clientAuth until'
  t.match(authorities[1].entries, [{ ...bridged, use: 'authority', advice: `${trust} ${UNTIL}.` }])
})

test('the page has a row for each, by authority and by date', async (t) => {
  const { get, data } = await createPartners(t)
  const page = await get('/forecast')
  t.strictSame(strangeMarkup(page), [])
  const summary = 'are affected; 3 need action within 90 days. Checked at 2029-12-01'
  t.match(textOf(page, '<p class="notice bad"', '</p>'), inOrder(`6 of 9 certificates ${summary}`))
  const [lost, shop, bank, alone] = rowsOf(page, 'forecast-clients')
  const byName = '(by its issuer name only)'
  t.match(lost, inOrder('CN=lost', `from DigiCert, a public CA ${byName} refused last`, 'no already last day for'))
  t.match(shop, inOrder(
    'shop.partner.example from Some Trust, a public CA (by its signatures) yes expires 2035-01-01 ',
    'about 2029-12-31 in 30 days soon ',
    'last day for clientAuth of Some Trust: 2027-03-14 (Chrome Root Program Policy) ',
    'about 2029-12-31 in 30 days only serverAuth ',
    'Ask the client for a certificate from a private CA before 2029-12-31.'
  ))
  t.match(bank, inOrder('bank', ' about 2033-05-02 in 1248 days last day for clientAuth of DigiCert', '(announcement of '))
  t.notMatch(bank, 'soon')
  const mark = 'serverAuthOnly of authority partner:'
  t.match(alone, inOrder('alone', ' no expires ', `already ${mark} accepted only by this until ${UNTIL} in 1643 `))
  const [, { fingerprint256 }] = (await data()).forecast.clients.entries
  t.match(page, `/console/clients?client=${fingerprint256}">shop.partner.example</a>`)
  const another = textOf(page, '<h3 id="forecast-authority-another"', '</section>')
  const partner = textOf(page, '<h3 id="forecast-authority-partner"', '</section>')
  t.match(another, inOrder('another', 'since 2027-03-01 1006 days ago due ', 'are refused after their next renewal.'))
  t.match(partner, inOrder('partner', `${mark} clients without clientAuth are accepted until ${UNTIL} `))
  const others = ['1 other authority is not affected. Clients ', '1 other is not affected. Servers No certificate is known.']
  t.match(textOf(page), inOrder('Forecast', ...others, 'To accept such clients until then, set serverAuthOnly'))
})

test('a client of a private CA that is for servers alone is marked with its day too', async (t) => {
  const partner = await createDevCa({ name: 'Partner Root' })
  let now = NOW
  const authorities = { partner: { ca: partner.root, ...settings, serverAuthOnly } }
  const { ca, origin, get, data } = await createPublicWorld(t, authorities, { console: { now: () => now } })
  const alone = await partner.issue({ cn: 'alone', profile: 'server', dns: 'alone.partner.example', ...years })
  t.equal(await call(origin, ca.root, alone, '/accounts'), 403)
  const { forecast } = await data()
  t.match(forecast, { affected: 1, needAction: 0, authorities: [{ entries: [] }, { entries: [] }], remarks: [] })
  t.match(forecast.clients.entries, [{
    state: 'not_affected',
    origin: 'private',
    evidence: 'signature',
    clientAuth: false,
    serverAuthOnlyUntil: Date.parse(UNTIL),
    refusedFrom: Date.parse(UNTIL),
    advice: `Ask the client for a certificate with clientAuth before ${UNTIL}.`
  }])
  const row = async (): Promise<string | undefined> => rowsOf(await get('/forecast'), 'forecast-clients')[0]
  t.match(await row(), inOrder(
    'alone.partner.example from a private CA (by its signatures) no ',
    'serverAuthOnly of authority partner: accepted only by this until 2034-06-01 in 1643 days ',
    'clientAuth is possible Ask '
  ))
  now = Date.parse(UNTIL) - 90 * DAY
  t.match((await data()).forecast, { needAction: 1 }, 'ninety days before')
  now = Date.parse(UNTIL) + DAY
  t.match(await row(), inOrder('alone', 'no longer accepted since 2034-06-01 ', 'with clientAuth now.'))
})

test('the own certificate, one list of CAs and the servers called are looked at as well', async (t) => {
  const { ca, credentials, get, data } = await createWorld(t, { roots, console: { now: () => NOW } })
  const own = await some.issue({ cn: 'accounts', dns: 'localhost', ip: '127.0.0.1', ...years })
  credentials.update({ cert: own.chain, key: own.key, ca: ca.root + someRoot.root })
  const { chain, key } = await some.issue({ cn: 'ledger', profile: 'server', ip: '127.0.0.1', ...years })
  const options = { cert: chain, key, ca: [ca.root, someRoot.root], requestCert: true }
  const ledger = createServer(options, (_request, response) => { response.end('booked') })
  await new Promise<void>((resolve) => { ledger.listen(0, '127.0.0.1', resolve) })
  const origin = `https://127.0.0.1:${(ledger.address() as AddressInfo).port}`
  const agent = new MtlsAgent({ credentials })
  t.after(async () => {
    await agent.close()
    ledger.close()
  })
  await (await agent.request({ origin, path: '/', method: 'GET' })).body.dump()
  const { forecast } = await data()
  t.match(forecast, { lookedAt: 4, affected: 3, needAction: 2, hasNamedAuthorities: false })
  const advice = /^If a client presents it: Get the client's certificate from a private CA before 2029-12-31 /
  t.match(forecast.own.entries, [{ what: 'own certificate', use: 'unknown', state: 'loses', advice }])
  const trusted = [{ what: 'trusted CA', name: 'Some Root' }]
  t.match(forecast.authorities, [{ name: 'default', lookedAt: 2, entries: trusted }])
  const nothing = { needsAction: false, advice: 'Nothing, if only a server uses it.' }
  const entries = [{ what: 'server', calledAt: origin, state: 'lacks', ...nothing }]
  t.match(forecast.servers, { lookedAt: 1, entries })
  const page = await get('/forecast')
  t.notMatch(page, '<h3', 'one authority without limits has no word')
  const from = 'from Some Trust, a public CA '
  t.match(rowsOf(page, 'forecast-own')[0], inOrder(`accounts ${from}`, ' yes ', ' about 2029-12-31 '))
  t.match(rowsOf(page, 'forecast-cas-of-default')[0], inOrder('Some Root ', ' allowed '))
  t.match(rowsOf(page, 'forecast-servers')[0], inOrder(`ledger ${origin} ${from}`, ' no '))
})
