import { test } from 'tap'
import { renewingCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { rejection } from '@peerkit/test-support/rejection'
import { data, failure, serveIssuers } from './fake-vault.ts'
import { ask, issueFrom, startWorld } from './world.ts'

const ISSUE = 'pki/issue/ledger'

test('all CAs of the mount are trusted: that of former certificates too', async (t) => {
  const { vault, issuer, ca } = await startWorld(t)
  const before = await createDevCa({ name: 'Former CA' })
  const between = await ca.intermediate({ name: 'Between' })
  serveIssuers(vault, () => [{ pem: before.root }, { pem: between.certificate, chain: [between.certificate, ca.root], hasKey: true }])
  vault.on(ISSUE, async () => await issueFrom(between))
  const source = await renewingCredentials(issuer(), { chain: 'required' })
  t.teardown(async () => { await source.close() })
  t.same(source.current.anchors.map(({ commonName }) => commonName).sort(), ['Former CA', 'Mount CA'])
  t.same(source.current.intermediateCas.map((pem) => pem.trim()), [between.certificate.trim()])
  t.equal(source.current.authorities[0]?.name, 'default')
  const chain = await renewingCredentials(issuer({ trust: 'chain' }))
  t.teardown(async () => { await chain.close() })
  t.same(chain.current.anchors.map(({ commonName }) => commonName), ['Mount CA'])
})

test('a CA that was sent beside our chain is not trusted', async (t) => {
  const { vault, issuer, ca } = await startWorld(t)
  const between = await ca.intermediate({ name: 'Between' })
  const other = await createDevCa({ name: 'Other CA' })
  // The same name as our root, and another key.
  const namesake = await createDevCa({ name: 'Mount CA' })
  const below = await other.intermediate({ name: 'Below' })
  serveIssuers(vault, () => [{ pem: between.certificate, chain: [between.certificate], hasKey: true }])
  const sent = [below.certificate, between.certificate, namesake.root, other.root, ca.root]
  vault.on(ISSUE, async () => await issueFrom(between, undefined, { ca_chain: sent }))
  for (const trust of ['chain', 'mount'] as const) {
    const source = await renewingCredentials(issuer({ trust }), { chain: 'required' })
    t.teardown(async () => { await source.close() })
    t.same(source.current.ca.map((pem) => pem.trim()), [ca.root.trim()], trust)
    t.same(source.current.intermediateCas.map((pem) => pem.trim()), [between.certificate.trim()], trust)
  }
  vault.on(ISSUE, async () => await issueFrom(between, undefined, { ca_chain: Array(51).fill(between.certificate) }))
  t.match(await rejection(ask(issuer())), { reason: 'answer', message: /answered with 51 CAs; expected at most 50/ })
})

test('trust none leaves the CAs to the options of the source', async (t) => {
  const { vault, issuer } = await startWorld(t)
  const other = await createDevCa({ name: 'Peers' })
  const source = await renewingCredentials(issuer({ trust: 'none' }), { ca: other.root })
  t.teardown(async () => { await source.close() })
  t.same(source.current.anchors.map(({ commonName }) => commonName), ['Peers'])
  t.equal(vault.calls('pki/issuers').length, 0)
})

test('an authority with limits, and others beside it', async (t) => {
  const { issuer } = await startWorld(t)
  const partner = await createDevCa({ name: 'Partner' })
  const source = await renewingCredentials(issuer({
    authority: { name: 'internal', names: { dns: 'example' }, for: 'both' },
    authorities: { partner: { ca: partner.root, names: { dns: 'partner.example' }, for: 'clients' } }
  }))
  t.teardown(async () => { await source.close() })
  t.match(source.current.authorities, [{ name: 'internal', names: { dns: 'example' } }, { name: 'partner', for: 'clients' }])
})

test('a root that nobody knows', async (t) => {
  const { vault, issuer, ca } = await startWorld(t)
  const between = await ca.intermediate({ name: 'Between' })
  serveIssuers(vault, () => [{ pem: between.certificate }])
  vault.on(ISSUE, async () => await issueFrom(between, undefined, { ca_chain: [between.certificate] }))
  t.match(await rejection(ask(issuer())), { reason: 'refused', message: /the root above pki is not known: its chain ends at CN=Between.*, issued by CN=Mount CA.*\. Import it \(bao write pki\/issuers\/import\/cert pem_bundle=@root\.pem\)/ })
})

test('a mount that is not there, has no CA, or too many', async (t) => {
  const { vault, issuer } = await startWorld(t)
  const cases = [
    [failure(404), { reason: 'refused', message: /there is no PKI mount at pki in this namespace/ }],
    [failure(403, 'permission denied'), { reason: 'refused', message: /GET pki\/issuers answered 403: there is no PKI mount/ }],
    [failure(500, 'x'), { reason: 'unavailable' }],
    [data({ keys: [] }), { reason: 'answer', message: /lists no CA/ }],
    [data({ keys: ['../../sys/raw'] }), { reason: 'answer', message: /lists no CA/ }],
    [data({ keys: Array.from({ length: 51 }, (_, index) => `id-${index}`) }), { reason: 'answer', message: /has 51 CAs; expected at most 50/ }]
  ] as const
  for (const [reply, expected] of cases) {
    vault.on('pki/issuers', () => reply)
    t.match(await rejection(ask(issuer())), expected)
  }
  vault.on('pki/issuers', () => data({ keys: ['one'] })).on('pki/issuer/one/json', () => data({ certificate: 'garbage' }))
  t.match(await rejection(ask(issuer())), { reason: 'answer', message: /GET pki\/issuer\/one\/json answered with a certificate that cannot be read/ })
  vault.on('pki/issuer/one/json', () => data({ certificate: { toString: 0, valueOf: 0 } }))
  t.match(await rejection(ask(issuer())), { reason: 'answer', message: /GET pki\/issuer\/one\/json answered with the certificate an object; expected PEM/ })
})
