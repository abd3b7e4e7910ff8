// Bundles without the help of our own SPIRE: we fetch from the bundle endpoint of a SPIRE server, and a SPIRE server fetches ours.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Fastify from 'fastify'
import { test } from 'tap'
import type { Test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { freePort } from '@peerkit/example-spire'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import { bundleHandler, spiffeBundle, spiffeBundleFile } from '@peerkit/spiffe'
import type { BundleEndpointOptions } from '@peerkit/spiffe'
import { comesTo, nextChange, until } from './spire/changes.ts'
import { call, startCaller, startService } from './spire/service.ts'
import { makeFolder, startSpire } from './spire/world.ts'
import type { Spire } from './spire/world.ts'

const PARTNER = 'partner.example'
const SHOP = `spiffe://${PARTNER}/shop`
const LEDGER = 'spiffe://prod.example/ledger'

interface Partner extends Spire { readonly port: number }

/** A partner whose server has a bundle endpoint. Its authorities outlive the server. */
async function startPartner (t: Test, profile: string, env: Record<string, string> = {}): Promise<Partner> {
  const port = await freePort()
  const partner = await startSpire(t, {
    trustDomain: PARTNER,
    settings: `federation { bundle_endpoint { address = "127.0.0.1" port = ${port} ${profile} } }`,
    plugins: { KeyManager: `KeyManager "disk" { plugin_data { keys_path = "${makeFolder(t)}/keys.json" } }` },
    env
  })
  return { ...partner, port }
}

/** A ledger of ours that fetches the partner's bundle by itself: the partner's shop may call it, as its bundle is renewed. */
async function acceptShop (t: Test, partner: Partner, how: Pick<BundleEndpointOptions, 'profile' | 'endpointSpiffeId' | 'bootstrap' | 'ca'>): Promise<void> {
  const prod = await startSpire(t)
  await prod.server.register('/ledger')
  await partner.server.register('/shop')
  const bundle = spiffeBundle({ trustDomain: PARTNER, url: `https://localhost:${partner.port}`, refresh: 500, retryFirst: 200, retryLongest: 500, ...how })
  const file = join(makeFolder(t), 'prod.json')
  writeFileSync(file, await prod.server.bundleDocument())
  const ofProd = spiffeBundleFile({ trustDomain: 'prod.example', file })
  const [ledger, shop] = await Promise.all([prod.credentials('/ledger', { bundles: [bundle] }), partner.credentials('/shop', { bundles: [ofProd] })])
  await comesTo(ledger, ({ authorities }) => authorities.length === 2)
  const { origin } = await startService(t, ledger, [{ spiffe: SHOP, authority: PARTNER }])
  const ofShop = await startService(t, shop, [{ spiffe: LEDGER }])
  t.equal(await call(startCaller(t, shop, LEDGER), origin), `${SHOP} by ${PARTNER}`)
  t.equal(await call(startCaller(t, ledger, SHOP), ofShop.origin), `${LEDGER} by prod.example`)
  t.match(ledger.status?.().bundles.find(({ authority }) => authority === PARTNER), { authority: PARTNER, origin: `https://localhost:${partner.port}/`, problem: undefined, sequence: Number })

  await t.test('a new authority of the partner', async (t) => {
    const grown = nextChange(ledger, 'rotated', ({ snapshot }) => snapshot.authorities.find(({ name }) => name === PARTNER)?.anchors.length === 2)
    await partner.server.command('localauthority', 'x509', 'prepare')
    t.match(await grown, { trustChanged: true })
  })

  await t.test('its endpoint is away and comes back: the last bundle stays in use', async (t) => {
    const refused = nextChange(ledger, 'refused', (change) => change.type === 'refused' && change.authority === PARTNER)
    await partner.server.kill()
    t.match(await refused, { authority: PARTNER, error: { code: 'MTLS_ERR_SPIFFE_BUNDLE_ENDPOINT' } })
    t.equal(ledger.current.authorities.length, 2)
    const recovered = nextChange(ledger, 'recovered', (change) => change.type === 'recovered' && change.authority === PARTNER)
    await partner.server.start()
    await recovered
    t.equal(ledger.current.authorities.length, 2)
  })
}

test("SPIRE's bundle endpoint, https_spiffe", { timeout: 240_000 }, async (t) => {
  const partner = await startPartner(t, 'profile "https_spiffe" {}')
  await acceptShop(t, partner, { profile: 'https_spiffe', endpointSpiffeId: `spiffe://${PARTNER}/spire/server`, bootstrap: await partner.server.bundleDocument() })
})

test("SPIRE's bundle endpoint, https_web", { timeout: 240_000 }, async (t) => {
  const web = await createDevCa({ name: 'Web CA' })
  const folder = makeFolder(t)
  const { chain, key } = await web.issue({ cn: 'localhost', dns: 'localhost', profile: 'server' })
  for (const [name, text] of Object.entries({ 'web.pem': chain, 'web.key': key })) writeFileSync(join(folder, name), text)
  const partner = await startPartner(t, `profile "https_web" { serving_cert_file { cert_file_path = "${folder}/web.pem" key_file_path = "${folder}/web.key" file_sync_interval = "1h" } }`)
  await acceptShop(t, partner, { profile: 'https_web', ca: web.root })
})

test('a SPIRE server fetches the bundle that we serve, with our SVID as the certificate of the endpoint', { timeout: 240_000 }, async (t) => {
  const prod = await startSpire(t)
  const partner = await startSpire(t, { trustDomain: PARTNER })
  await prod.server.register('/ledger')
  const ledger = await prod.credentials('/ledger')
  const app = Fastify({ ...withMtls(ledger, { mtls: { clientCertificate: 'optional' } }), forceCloseConnections: true })
  await app.register(fastifyMtls)
  app.get('/bundle', { config: { clientCertificate: 'optional' } }, bundleHandler(ledger))
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(async () => { await app.close() })

  const first = join(makeFolder(t), 'first.json')
  writeFileSync(first, await prod.server.bundleDocument())
  await partner.server.command(
    'federation', 'create', '-trustDomain', 'prod.example', '-bundleEndpointURL', `${app.listeningOrigin}/bundle`, '-bundleEndpointProfile', 'https_spiffe',
    '-endpointSpiffeID', LEDGER, '-trustDomainBundlePath', first, '-trustDomainBundleFormat', 'spiffe'
  )
  await partner.server.register('/shop', { federatesWith: ['prod.example'] })
  const shop = await partner.credentials('/shop')
  const anchors = (): number => shop.current.authorities.find(({ name }) => name === 'prod.example')?.anchors.length ?? 0
  await comesTo(shop, () => anchors() === 1)

  await prod.server.command('localauthority', 'x509', 'prepare')
  await comesTo(ledger, (snapshot) => snapshot.anchors.length === 2)
  // It asks as often as the bundle says, which is too seldom for a test.
  await partner.server.command('federation', 'refresh', '-id', 'spiffe://prod.example')
  await until(async () => (await partner.server.command('bundle', 'list', '-id', 'spiffe://prod.example')).match(/BEGIN CERTIFICATE/g)?.length === 2)
  await comesTo(shop, () => anchors() === 2)
  t.same(shop.current.authorities.map(({ name, anchors: { length } }) => [name, length]), [[PARTNER, 1], ['prod.example', 2]])
})
