// Two SPIRE servers that federate: both profiles of the bundle endpoint, both directions, and the end of a federation.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import type { Test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { freePort } from '@peerkit/example-spire'
import { comesTo, nextChange, until } from './spire/changes.ts'
import { call, startCaller, startService, startTraffic } from './spire/service.ts'
import { makeFolder, startSpire } from './spire/world.ts'
import type { Spire } from './spire/world.ts'

const PROD = 'prod.example'
const PARTNER = 'partner.example'
const LEDGER = `spiffe://${PROD}/ledger`
const SHOP = `spiffe://${PARTNER}/shop`

interface Federated { readonly prod: Spire, readonly partner: Spire, readonly ports: { readonly prod: number, readonly partner: number } }

/** Each server fetches the other's bundle by `profile`; `endpoint` is the block of its own. */
async function federate (t: Test, { endpoint, profile, env = {} }: { endpoint: string, profile: (of: string) => string, env?: Record<string, string> }): Promise<Federated> {
  const ports = { prod: await freePort(), partner: await freePort() }
  const settings = (own: number, other: number, trustDomain: string): string => `
  federation {
    bundle_endpoint { address = "127.0.0.1" port = ${own} refresh_hint = "1m" ${endpoint} }
    federates_with "${trustDomain}" { bundle_endpoint_url = "https://localhost:${other}" bundle_endpoint_profile ${profile(trustDomain)} }
  }`
  const prod = await startSpire(t, { trustDomain: PROD, settings: settings(ports.prod, ports.partner, PARTNER), env })
  const partner = await startSpire(t, { trustDomain: PARTNER, settings: settings(ports.partner, ports.prod, PROD), env })
  return { prod, partner, ports }
}

/** Gives one server the bundle of another: federation by https_spiffe begins with it. */
async function introduce (t: Test, from: Spire, to: Spire): Promise<void> {
  const path = join(makeFolder(t), 'bundle.json')
  writeFileSync(path, await from.server.bundleDocument())
  await to.server.command('bundle', 'set', '-format', 'spiffe', '-id', `spiffe://${from.server.trustDomain}`, '-path', path)
}

/** Tells a server to fetch the bundle of the other one now, as it does each minute by itself. */
async function fetchBundle (to: Spire, { server: { trustDomain } }: Spire): Promise<void> {
  await to.server.command('federation', 'refresh', '-id', `spiffe://${trustDomain}`)
  await until(async () => /BEGIN CERTIFICATE/.test(await to.server.command('bundle', 'list', '-id', `spiffe://${trustDomain}`).catch(() => '')))
}

/** A service on each side calls the other one, and each side is the server once. */
async function callBothWays (t: Test, { prod, partner }: Federated): Promise<void> {
  await prod.server.register('/ledger', { federatesWith: [PARTNER] })
  await partner.server.register('/shop', { federatesWith: [PROD] })
  const [ledger, shop] = await Promise.all([prod.credentials('/ledger'), partner.credentials('/shop')])
  const both = (names: ReadonlyArray<{ readonly name: string }>): boolean => names.length === 2
  await Promise.all([ledger, shop].map(async (source) => { await comesTo(source, ({ authorities }) => both(authorities)) }))
  const ofLedger = await startService(t, ledger, [{ spiffe: SHOP, authority: PARTNER }])
  const ofShop = await startService(t, shop, [{ spiffe: LEDGER, authority: PROD }])
  t.equal(await call(startCaller(t, shop, LEDGER), ofLedger.origin), `${SHOP} by ${PARTNER}`)
  t.equal(await call(startCaller(t, ledger, SHOP), ofShop.origin), `${LEDGER} by ${PROD}`)
  t.equal(await call(startCaller(t, shop, `spiffe://${PROD}/other`), ofLedger.origin), 'MTLS_ERR_OUTBOUND_WRONG_SERVER rules')
}

test('https_spiffe: both directions, and a new authority of the partner', { timeout: 300_000 }, async (t) => {
  const world = await federate(t, {
    endpoint: 'profile "https_spiffe" {}',
    profile: (of) => `"https_spiffe" { endpoint_spiffe_id = "spiffe://${of}/spire/server" }`
  })
  await introduce(t, world.prod, world.partner)
  await introduce(t, world.partner, world.prod)
  await callBothWays(t, world)

  const { prod, partner } = world
  const ledger = await prod.credentials('/ledger')
  const anchorsOfPartner = (): number => ledger.current.authorities.find(({ name }) => name === PARTNER)?.anchors.length ?? 0
  t.equal(anchorsOfPartner(), 1)
  const grown = nextChange(ledger, 'rotated', () => anchorsOfPartner() === 2)
  await partner.server.command('localauthority', 'x509', 'prepare')
  await prod.server.command('federation', 'refresh', '-id', `spiffe://${PARTNER}`)
  await grown
  t.same(ledger.current.authorities.map(({ name, anchors }) => [name, anchors.length]), [[PROD, 1], [PARTNER, 2]])
})

test('https_web: the endpoints have certificates of a CA that is no SPIFFE authority', { timeout: 300_000 }, async (t) => {
  const web = await createDevCa({ name: 'Web CA' })
  const folder = makeFolder(t)
  const { chain, key } = await web.issue({ cn: 'localhost', dns: 'localhost', ip: '127.0.0.1', profile: 'server' })
  for (const [name, text] of Object.entries({ 'web.pem': chain, 'web.key': key, 'web-ca.pem': web.root })) writeFileSync(join(folder, name), text)
  const world = await federate(t, {
    endpoint: `profile "https_web" { serving_cert_file { cert_file_path = "${folder}/web.pem" key_file_path = "${folder}/web.key" file_sync_interval = "1h" } }`,
    profile: () => '"https_web" {}',
    // Go's trust store.
    env: { SSL_CERT_FILE: join(folder, 'web-ca.pem') }
  })
  await fetchBundle(world.prod, world.partner)
  await fetchBundle(world.partner, world.prod)
  await callBothWays(t, world)
})

test('a federation that ends cuts open connections, and others stay', { timeout: 300_000 }, async (t) => {
  // Certificates that are renewed would replace connections.
  const [prod, partner] = [await startSpire(t, { trustDomain: PROD, ttl: '1h' }), await startSpire(t, { trustDomain: PARTNER, ttl: '1h' })]
  await introduce(t, prod, partner)
  await introduce(t, partner, prod)
  const entry = await prod.server.register('/ledger', { federatesWith: [PARTNER] })
  await prod.server.register('/orders')
  await partner.server.register('/shop', { federatesWith: [PROD] })
  const [ledger, orders, shop] = await Promise.all([prod.credentials('/ledger'), prod.credentials('/orders'), partner.credentials('/shop')])
  await comesTo(ledger, ({ authorities }) => authorities.length === 2)
  // The connections that ended, by the SPIFFE ID of the client.
  const ended: Array<string | undefined> = []
  const open = new Map<number | undefined, string | undefined>()
  const { origin } = await startService(t, ledger, [{ spiffe: `spiffe://${PARTNER}` }, { spiffe: `spiffe://${PROD}` }], (app) => {
    app.addHook('onRequest', async ({ raw: { socket }, peer }) => {
      const { remotePort } = socket
      if (open.has(remotePort)) return
      open.set(remotePort, peer.spiffeId)
      socket.once('close', () => { open.delete(remotePort); ended.push(peer.spiffeId) })
    })
  })
  const [fromShop, fromOrders] = [startCaller(t, shop, LEDGER, 1), startCaller(t, orders, LEDGER)]
  const ORDERS = `spiffe://${PROD}/orders`
  t.equal(await call(fromShop, origin), `${SHOP} by ${PARTNER}`)
  const ofShop = await startService(t, shop, [{ spiffe: LEDGER }])
  const toShop = startCaller(t, ledger, SHOP, 1)
  t.equal(await call(toShop, ofShop.origin), `${LEDGER} by ${PROD}`)
  const traffic = startTraffic(t, fromOrders, origin, { inFlight: 10, expected: `${ORDERS} by ${PROD}` })

  /** The open connection answers once more, that it is not trusted; then it is closed, and none is opened again. */
  async function isOut (t: Test, times: number): Promise<void> {
    t.equal(await call(fromShop, origin), '401 MTLS_ERR_PEER_NO_LONGER_TRUSTED')
    await until(() => ended.filter((peer) => peer === SHOP).length === times)
    // Under TLS 1.3 a client sees with its first request that it was refused.
    t.match(await call(fromShop, origin), /^(MTLS_ERR_OUTBOUND_|UND_ERR_SOCKET)/)
    // Nor do we call the partner any more, on the connection that is open or on another.
    t.match(await call(toShop, ofShop.origin), /^MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED/)
  }

  await t.test('the entry no longer federates: an open connection ends', async (t) => {
    t.same(ended, [])
    await prod.server.command('entry', 'update', '-entryID', entry, '-parentID', `spiffe://${PROD}/host`, '-spiffeID', LEDGER, '-selector', `unix:uid:${process.getuid?.() ?? 0}`)
    await comesTo(ledger, ({ authorities }) => authorities.length === 1)
    await isOut(t, 1)
  })

  await t.test('it federates again', async (t) => {
    await prod.server.command('entry', 'update', '-entryID', entry, '-parentID', `spiffe://${PROD}/host`, '-spiffeID', LEDGER, '-selector', `unix:uid:${process.getuid?.() ?? 0}`, '-federatesWith', `spiffe://${PARTNER}`)
    await comesTo(ledger, ({ authorities }) => authorities.length === 2)
    t.equal(await call(fromShop, origin), `${SHOP} by ${PARTNER}`)
    t.equal(await call(toShop, ofShop.origin), `${LEDGER} by ${PROD}`)
  })

  await t.test('the bundle is deleted', async (t) => {
    await prod.server.command('bundle', 'delete', '-id', `spiffe://${PARTNER}`, '-mode', 'dissociate')
    await comesTo(ledger, ({ authorities }) => authorities.length === 1)
    await isOut(t, 2)
  })

  await traffic.stop()
  t.same([...traffic.wrong], [], `of ${traffic.answered}`)
})
