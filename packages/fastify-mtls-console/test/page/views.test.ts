import { channel } from 'node:diagnostics_channel'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { createPartialIdentity, parsePeerIdentity } from '@peerkit/identity'
import { crlChecker } from '@peerkit/revocation'
import { plainText } from '../support/plain-text.ts'
import { addAccounts, createWorld } from '../support/world.ts'

const identified = (peer: object): void => { channel('peerkit:connection:identified').publish({ v: 1, time: Date.now(), peer, remoteAddress: undefined, resumed: false }) }

test('shows what the credentials warn of, and intermediates of its own', async (t) => {
  const { ca, credentials, get } = await createWorld(t)
  const between = await ca.intermediate({ name: 'Between' })
  const { chain, key } = await between.issue({ cn: 'accounts', dns: 'localhost' })
  credentials.update({ cert: chain, key })
  t.match(await get('/trust'), 'Intermediates (1)')
  const foreign = await (await createDevCa({ name: 'Foreign' })).issue({ cn: 'foreign', notAfter: new Date(Date.now() + 10 * 86_400_000) })
  credentials.update({ cert: foreign.chain, key: foreign.key })
  t.match(await get('/trust'), 'class="notice bad"')
  t.match(await get('/'), /tile warn"><h2>Own certificate/)
})

test('shows the lists of a checker that it is given, and says where none is known', async (t) => {
  const plain = await createWorld(t)
  t.match(await plain.get('/trust'), 'There is no revocation checker')
  const other = await createDevCa({ name: 'Listed CA' })
  const checker = crlChecker({ crls: [(await other.crl({ nextUpdate: new Date(Date.now() + 3_600_000) })).der], issuers: [parsePeerIdentity(other.der)], policy: 'soft' })
  t.after(() => checker.close())
  const { get, data } = await createWorld(t, { console: { revocation: checker } })
  t.match((await data()).trust.crls, [{ issuer: /^CN=Listed CA/, number: '1', entries: 0, isDelta: false }])
  t.match(plainText(await get('/trust')), 'CN=Listed CA')
  checker.replace([])
  t.match(await get('/trust'), 'The checker has no CRL.')
})

test('a client of whom a gateway tells little is shown as far as it is known', async (t) => {
  const { get, data, ca } = await createWorld(t)
  identified(createPartialIdentity({ subject: 'CN=partial,O=Example' }))
  identified(createPartialIdentity({ serialNumber: '0abc' }))
  identified(parsePeerIdentity((await ca.issue({ cn: 'behind' })).der, { via: [parsePeerIdentity((await ca.issue({ cn: 'the gateway' })).der)] }))
  t.match(await get('/clients'), 'CA not known')
  t.match(await get('/trust'), 'The CA of 2 clients is not known')
  const { clients } = await data()
  t.match(await get(`/clients?client=${encodeURIComponent(clients.find(({ certificate }: any) => certificate.subject === 'CN=partial,O=Example').key)}`), '<h1>partial</h1>')
  t.match(await get(`/clients?client=${clients.find(({ certificate }: any) => certificate.via.length > 0).key}`), 'the gateway')
})

test('says how much it leaves out', async (t) => {
  const { get, data, issue, as } = await createWorld(t, {
    console: { maxEvents: 1000, maxClients: 30 },
    setup: (app) => {
      addAccounts(app)
      for (let index = 0; index < 400; index++) app.get(`/many/${index}`, { config: { allowedClients: ['billing'] }, constraints: index === 0 ? { version: '1.0.0' } : {} }, async () => index)
    }
  })
  const peer = await issue({ cn: 'busy', ou: 'operators' })
  for (let index = 1; index < 350; index++) await as(peer, `/many/${index}`)
  for (let index = 0; index < 33; index++) identified(createPartialIdentity({ subject: `CN=client ${index}` }))
  t.match(await get('/access'), '300 routes and 106 more: narrow the filter')
  t.match(await get('/access?q=version'), '(version 1.0.0)')
  t.match(await get('/access'), '10 more were seen, choose one above')
  t.match(await get('/clients'), '30 certificates seen; 4 older ones were dropped')
  t.match(await get('/log'), '349 entries, the latest 300 are shown')
  const all = await data('?q=/many/1')
  t.equal(all.events.length, 111)
  t.equal((await data('?q=version')).routes[0].constraints.version, '1.0.0')
})

test('judges as many routes at a time as can be read', async (t) => {
  const { ask, ca } = await createWorld(t, { setup: (app) => { for (let index = 0; index < 250; index++) app.get(`/r/${index}`, async () => index) } })
  const payload = { certificate: (await ca.issue({ profile: 'client' })).cert }
  t.match((await ask({ method: 'POST', url: '/console/what-if', payload })).json(), { more: 50 })
  t.match((await ask({ method: 'POST', url: '/console/what-if', payload, headers: { accept: 'text/html' } })).body, '50 more routes: use the filter below.')
})

test('the log says how many entries made room', async (t) => {
  const { get, as, issue } = await createWorld(t, { console: { maxEvents: 2 } })
  const peer = await issue({ cn: 'loud' })
  for (const url of ['/accounts', '/forgotten', '/asked-not', '/tried']) await as(peer, url)
  t.match(await get('/log'), /2 entries; [12] older ones were dropped/)
})

test('goes by the name, the clock and the rules file that it is given', async (t) => {
  const now = Date.parse('2026-11-23T03:12:00Z')
  const { get, data } = await createWorld(t, { console: { name: 'The <accounts>', now: () => now } })
  t.match(await get('/'), '<p class="brand">The &lt;accounts&gt;<span class="faint">pod-7</span></p>')
  t.match(await get('/'), 'Page created at\n<time datetime="2026-11-23T03:12:00.000Z">')
  t.match(await data(), { time: now, since: now, service: { name: 'The <accounts>' }, rulesGeneration: 0 })
})
