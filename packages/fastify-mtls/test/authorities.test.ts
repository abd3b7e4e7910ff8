import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate } from '@peerkit/dev-ca'
import type { AuthorityMaterial } from '@peerkit/credentials'
import { blockMemory } from '@peerkit/credentials'
import { test } from 'tap'
import { dial } from './support/dial.ts'
import type { Protocol } from './support/dial.ts'
import { startBehind, told } from './support/gateway.ts'
import { call, startWorld } from './support/world.ts'
import type { World, WorldOptions } from './support/world.ts'

const DAY = 86_400_000

interface Two extends World { readonly partner: DevCa }

const setup = (app: any): void => {
  app.get('/who', async ({ peer }: any) => ({
    authority: peer.authority, cn: peer.subject?.commonName ?? null, spiffe: peer.spiffeId ?? null, dns: peer.subjectAltNames.dns, notBelieved: peer.notBelieved
  }))
}

const limits = { names: { spiffe: 'spiffe://partner.example' }, for: 'clients' } as const

/** An app that trusts its own CA for everything, and a partner's for SPIFFE IDs of its domain. */
async function startTwo (t: any, options: WorldOptions = {}, partnerSettings: Partial<AuthorityMaterial> = limits): Promise<Two> {
  const [ca, partner] = [await createDevCa(), await createDevCa({ name: 'Partner Root' })]
  const authorities = { internal: { ca: ca.root, names: 'any' }, partner: { ca: partner.root, names: 'any', ...partnerSettings } } as const
  const world = await startWorld(t, { ca, setup, ...options, material: { ca: undefined, authorities, ...options.material } })
  return { ...world, partner }
}

test('each client is known by its authority, and by the names that this vouches for', async (t) => {
  const world = await startTwo(t)
  const ours = await world.ca.issue({ cn: 'ledger', ou: 'billing' })
  const theirs = await world.partner.issue({ cn: 'web', ou: 'billing', spiffe: 'spiffe://partner.example/web', dns: 'ledger.internal' })
  t.match(await call(world, ours, { path: '/who' }), { status: 200, body: { authority: 'internal', cn: 'ledger', notBelieved: [] } })
  t.match(await call(world, theirs, { path: '/who' }), {
    status: 200,
    body: { authority: 'partner', cn: null, dns: [], spiffe: 'spiffe://partner.example/web', notBelieved: ['subject', 'dns', 'uri', 'email', 'ip', 'upn', 'policy', 'registeredId', 'qualified', 'admission', 'extension'] }
  })
  const forger = await world.partner.issue({ cn: 'x', spiffe: 'spiffe://prod.example/ledger' })
  await t.rejects(call(world, forger))
  t.match(world.refusals, [{
    reason: 'outside_authority',
    detail: { step: 'outside_authority', message: /has the SPIFFE ID "spiffe:\/\/prod\.example\/ledger", which is outside of what authority "partner" vouches for/ }
  }])
})

test("a partner's intermediate with our CA's name vouches for the partner alone", async (t) => {
  const ca = await createDevCa({ name: 'Internal CA' })
  const partner = await createDevCa({ name: 'Partner Root' })
  const mimic = await partner.intermediate({ name: 'Internal CA' })
  const impostor = await mimic.issue({ cn: 'impostor', ou: 'billing', spiffe: 'spiffe://partner.example/x' })
  const world = await startWorld(t, { ca, setup, material: { ca: undefined, authorities: { internal: { ca: ca.root, names: 'any' }, partner: { ca: partner.root, ...limits } } } })
  t.match(await call(world, impostor, { path: '/who' }), { status: 200, body: { authority: 'partner', cn: null } })
})

for (const protocol of ['HTTP/1.1', 'HTTP/2'] as Protocol[]) {
  test(`${protocol}: open connections end when their authority goes or its names shrink, and stay otherwise`, async (t) => {
    const world = await startTwo(t, { settings: { http2: true } as any })
    const ours = await dial(world, protocol, idOf(await world.ca.issue({ cn: 'ledger' })))
    const connect = async () => await dial(world, protocol, idOf(await world.partner.issue({ cn: 'web', spiffe: 'spiffe://partner.example/web' })))
    const set = (partner?: Partial<AuthorityMaterial>): void => {
      world.credentials.update({ authorities: { internal: { ca: world.ca.root, names: 'any' }, ...(partner !== undefined && { partner: { ca: world.partner.root, ...partner } }) } })
    }
    const first = await connect()
    t.same([await ours.ask(), await first.ask()], [200, 200])
    set({ names: { spiffe: ['spiffe://partner.example', 'spiffe://other.example'] } })
    t.same([await ours.ask(), await first.ask()], [200, 200], 'widened')
    set({ names: { spiffe: 'spiffe://partner.example/api' } })
    t.not(await first.ask(), 200, 'narrowed')
    t.equal(await ours.ask(), 200)
    set(limits)
    const second = await connect()
    t.equal(await second.ask(), 200)
    set(undefined)
    t.not(await second.ask(), 200, 'gone')
    t.equal(await ours.ask(), 200)
    t.same(world.ended.map(({ reason }) => reason), ['outside_authority', 'ca_removed'])
    await Promise.all([ours, first, second].map(async (connection) => { await connection.close() }))
  })
}

test('an authority for servers admits no client, not even by a resumed session', async (t) => {
  const world = await startTwo(t)
  const client = idOf(await world.partner.issue({ cn: 'web', spiffe: 'spiffe://partner.example/web' }))
  const first = await dial(world, 'HTTP/1.1', client, { maxVersion: 'TLSv1.2' })
  t.equal(await first.ask(), 200)
  world.credentials.update({ authorities: { internal: { ca: world.ca.root, names: 'any' }, partner: { ca: world.partner.root, names: limits.names, for: 'servers' } } })
  t.not(await first.ask(), 200)
  const again = await dial(world, 'HTTP/1.1', client, { session: first.session, maxVersion: 'TLSv1.2' })
  t.equal(await again.ask(), undefined)
  await t.rejects(call(world, await world.partner.issue({ cn: 'web', spiffe: 'spiffe://partner.example/web' })))
  t.match(world.refusals.at(-1), { reason: 'unknown_ca', detail: { step: 'other_side', message: /leads to the authority "partner", which is for servers alone/ } })
  t.match(world.ended, [{ reason: 'ca_removed', detail: { step: 'other_side', message: /leads to the authority "partner", which is for servers alone \(option for\)/ } }], 'the open connection is told the same')
  await first.close()
})

test('a client that leaves its chain out is not told that its CA was removed, whoever was accepted before', async (t) => {
  const [ca, partner] = [await createDevCa(), await createDevCa({ name: 'Partner Root' })]
  const issuing = await partner.intermediate({ name: 'Partner Issuing' })
  const client = await issuing.issue({ cn: 'web', spiffe: 'spiffe://partner.example/web' })
  const world = await startWorld(t, {
    ca,
    material: { ca: undefined, authorities: { internal: { ca: ca.root, names: 'any' }, partner: { ca: partner.root, ...limits }, other: { ca: issuing.certificate, names: { dns: 'other.example' } } } }
  })
  const bare = { cert: client.cert, key: client.key }
  for (let round = 0; round < 2; round += 1) {
    await t.rejects(call(world, bare))
    t.match(world.refusals.splice(0), [{ reason: 'unknown_ca', detail: { step: 'unknown_ca', message: /CN=Partner Issuing/ } }])
    t.match(await call(world, idOf(client)), { status: 200 })
  }
  world.credentials.update({ authorities: { internal: { ca: ca.root, names: 'any' }, other: { ca: issuing.certificate, names: { dns: 'other.example' } } } })
  await t.rejects(call(world, idOf(client)))
  t.match(world.refusals, [{ reason: 'unknown_ca' }])
})

test('each authority has its own lists and its own policy', async (t) => {
  const [ca, partner] = [await createDevCa(), await createDevCa({ name: 'Partner Root' })]
  const bad = await partner.issue({ cn: 'bad' })
  await partner.revoke(bad.serialNumber)
  const crl = (await partner.crl()).pem
  const start = async (settings: Partial<AuthorityMaterial>): Promise<World> => await startWorld(t, {
    ca, material: { ca: undefined, authorities: { internal: { ca: ca.root, names: 'any' }, partner: { ca: partner.root, names: 'any', ...settings } } }
  })
  const world = await start({ crl })
  t.match(await call(world, await ca.issue({ cn: 'ours' })), { status: 200 }, 'no list of its own is asked for')
  t.match(await call(world, await partner.issue({ cn: 'good' })), { status: 200 })
  await t.rejects(call(world, bad))
  t.match(world.refusals, [{ reason: 'revoked' }])
})

test('certificates for servers alone are accepted until their day, and cut off then', async (t) => {
  const now = Date.now()
  let time = now
  const until = new Date(now + 2 * DAY).toISOString().slice(0, 10)
  const end = Date.parse(`${until}T00:00:00Z`)
  const dayOnly = { names: { dns: 'partner.example' }, serverAuthOnly: { acceptUntil: until } } as const
  const lines: any[] = []
  const stream = { write: (line: string) => { lines.push(JSON.parse(line)) } }
  const world = await startTwo(t, { settings: { now: () => time }, fastify: { logger: { level: 'warn', stream } } }, dayOnly)
  const identified: any[] = []
  const listen = (message: unknown): void => { identified.push(message) }
  subscribe('peerkit:connection:identified', listen)
  t.teardown(() => { unsubscribe('peerkit:connection:identified', listen) })
  const leaf = await world.partner.issue({ cn: 'web', dns: 'web.partner.example', profile: 'server' })
  t.match(await call(world, leaf, { path: '/who' }), { status: 200, body: { authority: 'partner', dns: ['web.partner.example'] } })
  const open = await dial(world, 'HTTP/1.1', idOf(leaf))
  t.equal(await open.ask(), 200)
  t.same(identified.map(({ serverAuthOnlyUntil }) => serverAuthOnlyUntil), [end, end])
  t.match(lines.filter(({ acceptUntil }) => acceptUntil !== undefined), [{ acceptUntil: until, authority: 'partner', msg: /is for servers only/ }])
  t.equal(lines.filter(({ acceptUntil }) => acceptUntil !== undefined).length, 1, 'once a client')
  time = end - 1
  t.equal(await open.ask(), 200)
  time = end
  t.not(await open.ask(), 200)
  await t.rejects(call(world, leaf))
  t.match(world.refusals, [{ reason: 'wrong_purpose' }])
  t.match(world.ended, [{ reason: 'wrong_purpose' }])
  time = now
  for (const [certificate, reason] of [
    [await world.partner.issue({ cn: 'x', dns: 'web.other.example', profile: 'server' }), 'outside_authority'],
    [await world.ca.issue({ cn: 'x', dns: 'web.partner.example', profile: 'server' }), 'wrong_purpose']
  ] as const) {
    await t.rejects(call(world, certificate))
    t.equal(world.refusals.at(-1).reason, reason)
  }
  await open.close()
})

test('a client that is blocked is cut off, comes in by no session, and is told by the entry', async (t) => {
  const block = blockMemory([])
  const world = await startTwo(t, { settings: { block } })
  const client = await world.ca.issue({ cn: 'stolen' })
  const [open, other] = [await dial(world, 'HTTP/1.1', idOf(client), { maxVersion: 'TLSv1.2' }), await dial(world, 'HTTP/1.1', idOf(world.client))]
  t.same([await open.ask(), await other.ask()], [200, 200])
  block.update([{ issuer: 'CN=Peerkit development CA,O=Peerkit development CA\\, not for production', serialNumber: client.serialNumber, reason: 'laptop stolen' }])
  t.not(await open.ask(), 200)
  t.equal(await other.ask(), 200)
  t.match(world.ended, [{ reason: 'blocked', detail: { message: /is blocked by .*laptop stolen/ } }])
  const again = await dial(world, 'HTTP/1.1', idOf(client), { session: open.session, maxVersion: 'TLSv1.2' })
  t.equal(await again.ask(), undefined)
  await t.rejects(call(world, client))
  t.equal(world.refusals.at(-1).reason, 'blocked')
  block.update([])
  t.match(await call(world, client), { status: 200 })
  await Promise.all([open.close(), other.close()])
})

test('a function that blocks is asked for every connection and request', async (t) => {
  const blocked = new Set<string>()
  const world = await startWorld(t, { settings: { block: (certificate) => blocked.has(certificate.subject?.commonName ?? '') } })
  const open = await dial(world, 'HTTP/1.1', idOf(world.client))
  t.equal(await open.ask(), 200)
  blocked.add('client')
  t.not(await open.ask(), 200)
  await t.rejects(call(world, world.client))
  await t.rejects(startWorld(t, { settings: { block: [] as never } }), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /^Invalid credentials option: block: expected blockFile\(\)/ })
  await open.close()
})

test('forwarded clients are known by their authority, or by the one that the gateway verifies as', async (t) => {
  const [ca, partner] = [await createDevCa(), await createDevCa({ name: 'Partner Root' })]
  const authorities = { internal: { ca: ca.root, names: 'any' }, partner: { ca: partner.root, ...limits } } as const
  const start = async (forwarded: object) => await startBehind(t, forwarded, { ca, setup, material: { ca: undefined, authorities } })
  const good = await partner.issue({ cn: 'web', spiffe: 'spiffe://partner.example/web' })
  const forged = await partner.issue({ cn: 'web', spiffe: 'spiffe://a.example/gateway' })
  const world = await start({})
  const ask = async (client: IssuedCertificate, at = world) => await call(at, at.gateway, { path: '/who', headers: told(client) })
  t.match(await ask(good), { status: 200, body: { authority: 'partner', cn: null, spiffe: 'spiffe://partner.example/web' } })
  t.match(await ask(await ca.issue({ cn: 'ours' })), { status: 200, body: { authority: 'internal', cn: 'ours' } })
  t.match(await ask(forged), { status: 401 })
  const stranger = await createDevCa()
  t.match(await ask(await stranger.issue({ cn: 'x' })), { status: 401 })
  t.same(world.refused.map(({ reason }) => reason), ['outside_authority', 'authority_unknown'])

  const verified = await start({ verifiedAs: 'partner' })
  t.match(await ask(good, verified), { status: 200, body: { authority: 'partner' } })
  t.match(await ask(await ca.issue({ cn: 'ours' }), verified), { status: 401 })
  const below = await (await stranger.intermediate({ name: 'unknown here' })).issue({ cn: 'y', spiffe: 'spiffe://partner.example/y' })
  t.match(await ask(below, verified), { status: 200, body: { authority: 'partner', cn: null, spiffe: 'spiffe://partner.example/y' } }, 'its names apply')
  t.match(await ask(await stranger.issue({ cn: 'z', spiffe: 'spiffe://a.example/z' }), verified), { status: 401 })
  t.same(verified.refused.map(({ reason }) => reason), ['outside_authority', 'outside_authority'])
  await t.rejects(start({ verifiedAs: 'partnr' }), { code: 'MTLS_ERR_SERVER_OPTION', message: /forwarded\.verifiedAs is "partnr"; expected an authority for clients: internal, partner/ })
})

test('behind a gateway a block list alone asks for no chain', async (t) => {
  const ca = await createDevCa()
  const block = blockMemory([])
  const world = await startBehind(t, {}, { ca, settings: { block } })
  const stranger = await (await createDevCa({ name: 'Other' })).issue({ cn: 'partner-client' })
  const ask = async (client: IssuedCertificate) => await call(world, world.gateway, { headers: told(client) })
  t.match(await ask(stranger), { status: 200 }, 'which CAs clients come from is the gateway\'s to decide')
  block.update([{ name: 'CN=partner-client' }])
  t.match(await ask(stranger), { status: 401 })
  t.match(await ask(await ca.issue({ cn: 'ours' })), { status: 200 })
  t.same(world.refused.map(({ reason }) => reason), ['blocked'])
})

test('an authority whose paths end at an intermediate admits its clients, and nobody else', async (t) => {
  const [ca, partner] = [await createDevCa(), await createDevCa({ name: 'Partner Root' })]
  const [below, beside] = [await partner.intermediate({ name: 'Partner CA' }), await partner.intermediate({ name: 'Other CA' })]
  for (const http2 of [false, true]) {
    const world = await startWorld(t, {
      ca, setup, settings: { http2 } as never, material: { ca: undefined, authorities: { internal: { ca: ca.root, names: 'any' }, partner: { ca: below.certificate, partial: true, names: { subject: 'any' } } } }
    })
    t.match(await call(world, await below.issue({ cn: 'web' }), { path: '/who' }), { status: 200, body: { authority: 'partner', cn: 'web' } })
    t.match(await call(world, await ca.issue({ cn: 'ours' }), { path: '/who' }), { status: 200, body: { authority: 'internal' } })
    await t.rejects(call(world, await beside.issue({ cn: 'x' })))
    await t.rejects(call(world, await partner.issue({ cn: 'x' })))
    await t.rejects(call(world, await (await createDevCa({ name: 'Partner CA' })).issue({ cn: 'x' })))
    await t.rejects(call(world, undefined))
    t.same(world.refusals.map(({ reason }) => reason), ['unknown_ca', 'unknown_ca', 'unknown_ca', 'no_certificate'])
  }
})

test('a function that blocks is asked about forwarded clients each time, and about the CAs above them', async (t) => {
  const [ca, blocked] = [await createDevCa(), new Set<string>()]
  const below = await ca.intermediate({ name: 'Below' })
  const world = await startBehind(t, {}, { ca, settings: { block: ({ subject }) => blocked.has(subject?.commonName ?? '') }, material: { intermediates: below.certificate } })
  const client = await below.issue({ cn: 'client' })
  const ask = async () => (await call(world, world.gateway, { headers: told(client) })).status
  t.equal(await ask(), 200)
  for (const name of ['client', 'Below']) {
    blocked.add(name)
    t.equal(await ask(), 401, name)
    blocked.delete(name)
    t.equal(await ask(), 200)
  }
})

function idOf ({ chain, key }: IssuedCertificate): { cert: string, key: string } {
  return { cert: chain, key }
}
