import { channel } from 'node:diagnostics_channel'
import { mock } from 'node:test'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import fastifyMtlsClient from '@peerkit/fastify-mtls-client'
import { call } from './support/call.ts'
import { plainText } from './support/plain-text.ts'
import { addAccounts, createWorld } from './support/world.ts'
import type { World } from './support/world.ts'

const DAY = 86_400_000
const NIGHT = Date.parse('2026-11-23T03:12:40Z')

async function listen ({ app }: World): Promise<string> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return app.listeningOrigin
}

/** The changes on the timeline, as text. */
function changesOf (page: string): string[] {
  return [...page.matchAll(/<li class="change[^>]*>([\s\S]*?)<\/li>\n/g)].map(([, change = '']) => plainText(change))
}

/** The rows of a page's tables, as text. */
function rowsOf (page: string): string[] {
  return [...page.matchAll(/<tr role="row">([\s\S]*?)<\/tr>/g)].map(([, row = '']) => plainText(row))
}

test('why was this client refused at 03:12', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: NIGHT })
  t.after(() => { mock.timers.reset() })
  const world = await createWorld(t)
  const { as, issue, get } = world
  const [billing, other] = [await issue({ cn: 'nightly', ou: 'billing', notBefore: new Date(NIGHT - DAY) }), await issue({ cn: 'other', ou: 'billing', notBefore: new Date(NIGHT - DAY) })]
  await as(billing, { method: 'DELETE', url: '/accounts/7' })
  await as(billing, { method: 'DELETE', url: '/accounts/8' })
  await as(other, { method: 'DELETE', url: '/accounts/9' })
  mock.timers.setTime(NIGHT + 3_600_000)
  await as(billing, '/forgotten')
  const rows = rowsOf(await get('/log?q=nightly&from=2026-11-23T03:12&to=2026-11-23T03:12'))
  t.equal(rows.length, 2, 'a head and one entry')
  t.match(rows[1], /^2026-11-23 03:12:40 2 times .* Denied: DELETE \/accounts\/:id CN=nightly, OU=billing .*no_match .*ou: expected "operators", found "billing".*request id/)
  t.equal(rowsOf(await get('/log?from=2026-11-23T03:13&to=2026-11-23T03:14')).length, 0)
  t.match(await get('/log?from=yesterday&to=03:12'), 'yesterday and 03:12: expected a time')
  t.equal(rowsOf(await get('/log?kind=denied&kind=handshake')).length, 0, 'the last of two counts')
  const page = await get(`/clients?client=${billing.fingerprint256}`)
  t.match(page, '<h1>nightly</h1>')
  t.match(rowsOf(page).join('\n'), /Denied: GET \/forgotten[\s\S]*Denied: DELETE/)
  t.match(await get('/clients?client=unknown'), 'This client was not seen since the start.')
})

test('which certificates end this week', async (t) => {
  const world = await createWorld(t, { crl: true })
  const { issue, as, get, data } = world
  await as(await issue({ cn: 'ends soon', notAfter: new Date(Date.now() + 3 * DAY) }), '/accounts')
  await as(await issue({ cn: 'ends late', notAfter: new Date(Date.now() + 20 * DAY) }), '/accounts')
  const rows = rowsOf((await get('/')).split('id="lately"')[0] ?? '')
  t.match(rows[1], /client ends soon .* in 2 days within a week/)
  t.notMatch(rows.join(), 'ends late')
  t.match(rows.join(), /CRL CRL of CN=Test CA/)
  const { ends } = await data()
  t.match(ends.map(({ what }: any) => what), ['client'])
  t.strictSame(new Set(ends.map(({ what }: any) => what)), new Set(['client', 'own certificate', 'CRL', 'trusted CA']))
  t.strictSame(ends.map(({ notAfter }: any) => notAfter), ends.map(({ notAfter }: any) => notAfter).sort((a: number, b: number) => a - b))
  t.match(rowsOf(await get('/expiry')).join('\n'), /client ends late .* within a month/)
})

test('who can call DELETE /accounts', async (t) => {
  const world = await createWorld(t)
  const { as, issue, get, data, operator } = world
  await as(await issue({ cn: 'the billing job', ou: 'billing' }), '/accounts')
  await as(operator, { method: 'DELETE', url: '/accounts/1' })
  const page = await get('/access?q=DELETE+/accounts')
  t.match(rowsOf(page)[1], /^DELETE \/accounts\/:id config.allowedClients "operators": OU is "operators" 1 allowed 0 denied$/)
  const { routes } = await data('?q=DELETE%20/accounts')
  t.equal(routes.length, 1)
  t.strictSame(routes[0].clients.map(({ name, outcome }: any) => [name, outcome]).sort(), [['Olga', 'allowed'], ['the billing job', 'denied']])
  const cells = /<th scope="row"><span class="methods">DELETE<\/span> \/accounts\/:id<\/th>(.*)<\/tr>/.exec(page)?.[1]?.split('</td>').map((cell) => cell.replace(/<[^>]+>/g, '')).sort()
  t.strictSame(cells, ['', '✓allowed', '✕denied'])
  const one = await data(`?client=${operator.fingerprint256}`)
  t.strictSame(one.clients.map(({ certificate }: any) => certificate.subject), ['CN=Olga,OU=operators'])
  t.equal(one.ownRoutesLeftOut, 26)
  t.match(await get('/access'), /console&#39;s own 26 routes|The console's own 26 routes/)
  t.match(await get('/access?q=/console'), /console\/data\.json/)
  t.match(await get('/access?q=nothing-like-it'), 'No route has all these words')
})

test('did last night\'s rotation reach this instance', async (t) => {
  const world = await createWorld(t)
  const { ca, credentials, get, data } = world
  t.match(await get('/'), 'in force since the start or earlier')
  const next = await ca.issue({ cn: 'accounts', dns: 'localhost' })
  credentials.update({ cert: next.chain, key: next.key })
  const foreign = await ca.issue({})
  for (let count = 0; count < 2; count++) t.throws(() => credentials.update({ cert: next.chain, key: foreign.key }))
  const { trust: { generation, identity, turns }, service } = await data()
  t.match({ generation, identity, service }, { generation: 2, identity: { serialNumber: next.serialNumber }, service: { name: 'accounts', instance: 'pod-7' } })
  t.match(turns, [{ type: 'refused', count: 2, generation: 2 }, { type: 'rotated', serialNumber: next.serialNumber }, { type: 'start', generation: 1 }])
  t.match(await get('/'), 'new credentials refused')
  t.match(await get('/'), 'pod-7')
  t.match(changesOf(await get('/timeline'))[0], /rotation refused 2 times Credentials, generation 2, trust epoch 1 .*the key does not belong to the certificate/)
  credentials.update({ key: next.key, cert: next.chain, ca: [ca.root, (await createDevCa({ name: 'Added CA' })).root] })
  t.match(changesOf(await get('/timeline'))[0], /rotation in force Credentials, generation 3, trust epoch 2 \+ added: trusted CA CN=Added CA/)
  t.match(await get('/'), /in force since <time/)
})

test('is anyone still calling with the old CA', async (t) => {
  const oldCa = await createDevCa({ name: 'Old CA' })
  const world = await createWorld(t)
  const { ca, credentials, get, data } = world
  const origin = await listen(world)
  const [late, modern, between] = [await oldCa.issue({ profile: 'client', cn: 'latecomer', ou: 'billing' }), await ca.issue({ profile: 'client', cn: 'modern', ou: 'billing' }), await (await ca.intermediate({ name: 'Between' })).issue({ profile: 'client', cn: 'below', ou: 'billing' })]
  credentials.update({ ca: [ca.root, oldCa.root] })
  for (const identity of [late, modern, between]) t.equal(await call(origin, ca.root, identity, '/accounts'), 200)
  const anchors = async (): Promise<any[]> => (await data()).trust.anchors.map(({ certificate, clients }: any) => [certificate.subject.split(',')[0], clients.map(({ name }: any) => name)])
  t.match(await anchors(), [['CN=Test CA', /modern/], ['CN=Old CA', ['latecomer']]])
  t.match(rowsOf(await get('/trust')).join('\n'), /CN=Old CA,.* 1: latecomer/)
  t.match(rowsOf(await get('/clients?q=old+ca'))[1], /^latecomer .* Old CA /)

  credentials.update({ ca: [ca.root] })
  t.type(await call(origin, ca.root, late, '/accounts'), 'string', 'the handshake is refused')
  const { trust: { formerAnchors }, handshakesRefused, clients } = await data()
  t.match(formerAnchors, [{ certificate: { subject: /^CN=Old CA/ }, attempts: 1, clients: [{ name: 'latecomer' }] }])
  t.strictSame(handshakesRefused, { unknown_ca: 1 })
  t.equal(clients.find(({ certificate }: any) => certificate.subject.startsWith('CN=latecomer')).connections, 1, 'a refused handshake is no client')
  t.match(rowsOf(await get('/trust')).join('\n'), /CN=Old CA,.* 1: latecomer 1 times last .* log/)
  t.match(rowsOf(await get('/clients?q=latecomer'))[1], /Old CA no longer trusted/)
  t.match(await get('/access'), 'CA removed')
  t.match(rowsOf(await get('/log?q=CN%3DOld+CA&kind=handshake'))[1], /mTLS handshake refused CN=latecomer, OU=billing \(unverified\) from 127.0.0.1 unknown_ca Its CA, Old CA, was removed at 20[-\d]+ [\d:]+\. Give .* issuer: CN=Old CA/)
  credentials.update({ ca: [ca.root, oldCa.root] })
  t.strictSame((await data()).trust.formerAnchors, [], 'one that comes back is none of the past')
})

test('a handshake without a certificate is in the log, and in no list of clients', async (t) => {
  const world = await createWorld(t, { clientCertificate: 'required', setup: () => {} })
  const origin = await listen(world)
  t.type(await call(origin, world.ca.root, undefined, '/accounts'), 'string')
  t.match(await world.data(), { handshakesRefused: { no_certificate: 1 }, clients: [], events: [{ kind: 'handshake', reason: 'no_certificate', remoteAddress: '127.0.0.1' }] })
  t.match(rowsOf(await world.get('/log'))[1], /mTLS handshake refused no certificate, from 127\.0\.0\.1 no_certificate/)
  t.match(await world.get('/'), 'no_certificate 1')
  channel('peerkit:forwarded:refused').publish({ v: 1, time: Date.now() + 1000, reason: 'untrusted_sender', header: 'client-cert', peer: null, remoteAddress: '192.0.2.7' })
  t.match(rowsOf(await world.get('/log')).join('\n'), /not known, from 192\.0\.2\.7 untrusted_sender/)
})

test('which services it calls, whom it expects there, and who answered', async (t) => {
  const world = await createWorld(t, {
    console: { outbound: [{ name: 'mail', origin: 'https://mail.internal', expects: 'a certificate for mail.internal' }, { name: 'bare', origin: 'https://bare.internal' }] },
    setup: async (app, credentials) => {
      addAccounts(app)
      await app.register(fastifyMtlsClient, { credentials, services: { ledger: { origin: 'https://127.0.0.1:1', allowedServers: [{ spiffe: 'spiffe://demo/ledger' }] } } })
    }
  })
  t.match((await world.data()).outbound, [{ name: 'ledger', origin: 'https://127.0.0.1:1', expects: 'SPIFFE ID is "spiffe://demo/ledger"', connections: 0 }, { name: 'mail', expects: 'a certificate for mail.internal' }, { name: 'bare' }])
  const origin = await listen(world)
  const { MtlsAgent } = await import('@peerkit/undici-mtls')
  const agent = new MtlsAgent({ credentials: world.credentials })
  t.after(() => agent.close())
  await t.rejects(agent.request({ origin: 'https://127.0.0.1:1', path: '/', method: 'GET' }))
  await (await agent.request({ origin, path: '/accounts', method: 'GET' })).body.dump()
  const rows = rowsOf((await world.get('/calls')).split('id="services"')[1] ?? '')
  t.match(rows[1], /^ledger https:\/\/127.0.0.1:1 SPIFFE ID is "spiffe:\/\/demo\/ledger" none yet .*1 in total/)
  t.match(rows[2], /^mail .* none yet none$/)
  t.match(rows[3], /^bare .* unknown none yet none$/)
  t.match(rows[4], /^not declared .* unknown CN=accounts .*1 connection/)
  t.match(rowsOf(await world.get('/')).join('\n'), /Call to https:\/\/127.0.0.1:1 failed/)
})
