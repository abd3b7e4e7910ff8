// Revoked at OpenBao, cut off here: by its CRL, its delta CRL and its OCSP responder. Prints how long it takes.
import { test } from 'tap'
import type { Test } from 'tap'
import { Agent, fetch as undiciFetch } from 'undici'
import { MOUNT } from '@peerkit/example-openbao'
import { parsePeerIdentity } from '@peerkit/identity'
import { vaultRevocation } from '@peerkit/issuers/vault'
import type { RevocationSettings } from '@peerkit/issuers/vault'
import { checkChain, ocspChecker } from '@peerkit/revocation'
import { rejection } from '@peerkit/test-support/rejection'
import { until } from './spire/changes.ts'
import { call, startCaller, startService } from './spire/service.ts'
import { ROLE, serialOf, startWorld } from './openbao/world.ts'
import type { World } from './openbao/world.ts'

const LEDGER = 'spiffe://prod.example/ledger'
const ORDERS = 'spiffe://prod.example/orders'

function fetchWith (t: Test, ca: string): typeof fetch {
  const dispatcher = new Agent({ connect: { ca } })
  t.teardown(async () => { await dispatcher.destroy() })
  return (async (url: string, init: object) => await undiciFetch(url, { ...init, dispatcher })) as unknown as typeof fetch
}

/** Revokes a client of a service, and waits until its open connection and a new one are refused. */
async function cutOff (t: Test, { credentials, pki }: World, settings: RevocationSettings, publish: () => Promise<unknown> = async () => {}): Promise<number> {
  const [ledger, orders] = await Promise.all([
    credentials('/ledger', { revocation: { mounts: ['pki'], ...settings } }), credentials('/orders', { mode: 'issue' })
  ])
  const { origin } = await startService(t, ledger, [{ spiffe: ORDERS }])
  const agent = startCaller(t, orders, LEDGER)
  t.equal(await call(agent, origin), `${ORDERS} by vault`)
  const start = performance.now()
  await pki.revoke(serialOf(orders))
  await publish()
  await until(async () => await call(agent, origin) !== `${ORDERS} by vault`)
  const took = performance.now() - start
  t.match(await call(agent, origin, true), /MTLS_ERR_OUTBOUND|UND_ERR|ECONNRESET|401/)
  // Who has another certificate is served.
  const others = startCaller(t, await credentials('/orders'), LEDGER)
  t.equal(await call(others, origin), `${ORDERS} by vault`)
  return took
}

test('revoked at OpenBao, refused here', { timeout: 180_000 }, async (t) => {
  const world = await startWorld(t)
  const { bao, pki, credentials } = world

  t.test('by the delta CRL', async (t) => {
    // OpenBao makes it by itself too, but looks once a minute, whatever delta_rebuild_interval says: 60 s were measured.
    const took = await cutOff(t, world, { refreshInterval: 1_000 }, async () => await bao.call(`${MOUNT}/crl/rotate-delta`))
    t.comment(`delta CRL: ${Math.round(took)} ms from the call that revokes to the refusal, of at most 1 s`)
  })

  t.test('by OCSP, before a CRL says so', async (t) => {
    await bao.call(`${MOUNT}/config/crl`, { enable_delta: false, auto_rebuild: true })
    const took = await cutOff(t, world, { ocsp: true, delta: false, refreshInterval: 1_000 })
    t.comment(`OCSP: ${Math.round(took)} ms, of at most 6 s`)
  })

  t.test('by the CRL, which OpenBao makes anew with each revocation', async (t) => {
    await bao.call(`${MOUNT}/config/crl`, { enable_delta: false, auto_rebuild: false })
    const took = await cutOff(t, world, { refreshInterval: 1_000 })
    t.comment(`CRL: ${Math.round(took)} ms, of at most 1 s`)
  })

  t.test('without the mount of the root, nothing says whether our CA is revoked: that is told at the start', async (t) => {
    const { message } = await rejection(credentials('/ledger', { revocation: true }))
    t.match(message, /no CRL says whether the CA CN=Example Issuing CA is revoked: its issuer CN=Example Root has none in pki_int\. Add the mount of that CA to revocation\.mounts/)
    t.ok(await credentials('/ledger', { revocation: { policy: { issuers: { 'CN=Example Root': 'soft' } } } }))
  })

  t.test('OCSP of OpenBao says good of serial numbers that it does not know. That permits nothing', async (t) => {
    await pki.role('unstored', { ...ROLE, no_store: true })
    const { current: { identity, intermediates: [issuing] } } = await credentials('/ledger', { role: 'unstored' })
    const direct = ocspChecker({ urls: `${bao.url}/v1/${MOUNT}/ocsp`, fetch: fetchWith(t, bao.ca) })
    t.teardown(async () => { await direct.close() })
    t.match(await rejection(bao.call(`${MOUNT}/cert/${identity.serialNumber}`)), { message: /404/ })
    t.match(await direct.check(identity, issuing), { state: 'good', source: 'ocsp' })
    // So its good counts for nothing here: the CRL decides.
    const following = await vaultRevocation({ url: bao.url, ca: bao.ca, mounts: [MOUNT, 'pki'], ocsp: true })
    t.teardown(async () => { await following.close() })
    t.match(await following.check(identity, issuing), { state: 'good', source: 'crl' })
    const warnings: string[] = []
    await credentials('/ledger', { role: 'unstored', revocation: { mounts: ['pki'] }, onWarning: (text) => { warnings.push(text) } })
    t.match(warnings, [/no_store=true: its certificates cannot be revoked/])
  })

  t.test('a checker for certificates from elsewhere', async (t) => {
    const source = await credentials('/ledger', { role: 'service' })
    const checker = await vaultRevocation({ url: bao.url, ca: bao.ca, mounts: [MOUNT, 'pki'], refreshInterval: 1_000 })
    t.teardown(async () => { await checker.close() })
    const { identity, intermediates, anchors } = source.current
    const peer = parsePeerIdentity(identity.raw!, { chain: [...intermediates, ...anchors] })
    t.match(await checkChain(checker, peer), { permitted: true })
    await pki.revoke(serialOf(source))
    await until(async () => !(await checkChain(checker, peer)).permitted)
    t.match(await checkChain(checker, peer), { permitted: false, state: 'revoked' })
  })

  t.test('while OpenBao is sealed, the lists in use still count', async (t) => {
    const checker = await vaultRevocation({ url: bao.url, ca: bao.ca, mounts: [MOUNT, 'pki'], ocsp: true, refreshInterval: 1_000 })
    t.teardown(async () => { await checker.close() })
    const { current: { identity, intermediates, anchors } } = await credentials('/ledger')
    const peer = parsePeerIdentity(identity.raw!, { chain: [...intermediates, ...anchors] })
    await bao.seal()
    t.match(await checkChain(checker, peer), { permitted: true })
    await bao.unseal()
  })
})
