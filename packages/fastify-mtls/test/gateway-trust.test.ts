import { once } from 'node:events'
import { request } from 'node:http'
import { blockMemory, memoryTrust } from '@peerkit/credentials'
import { startPushedTrust } from '@peerkit/credentials/internal'
import { createDevCa } from '@peerkit/dev-ca'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import Fastify from 'fastify'
import { test } from 'tap'
import fastifyMtls from '../src/index.ts'
import { told } from './support/gateway.ts'

const [ca, partner] = [await createDevCa({ name: 'Clients' }), await createDevCa({ name: 'Partner' })]
const authorities = {
  clients: { ca: ca.root, names: { subject: { o: 'Example' } } },
  partner: { ca: partner.root, names: { spiffe: 'spiffe://partner.example' } }
} as const

/** A plain HTTP server behind a gateway on this machine. */
async function start (t: any, options: object, forwarded: object = {}, lines: string[] = []): Promise<(client: Pick<IssuedCertificate, 'der'>, ...chain: Uint8Array[]) => Promise<{ status: number, body: any }>> {
  const app = Fastify({ logger: { level: 'warn', stream: { write: (line) => { lines.push(JSON.parse(line).msg) } } } })
  t.after(async () => { await app.close() })
  await app.register(fastifyMtls, { ...options, forwarded: { format: 'rfc9440', gateways: { addresses: ['127.0.0.1'] }, ...forwarded } } as never)
  app.get('/', async ({ peer }: any) => ({ authority: peer.authority ?? null, cn: peer.subject?.commonName ?? null, spiffe: peer.spiffeId ?? null }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  return async (client, ...chain) => {
    const sent = request({ port, host: '127.0.0.1', headers: told(client, ...chain), agent: false }).end()
    const [response] = await once(sent, 'response')
    let text = ''
    for await (const part of response) text += String(part)
    return { status: response.statusCode, body: JSON.parse(text) }
  }
}

test('behind a gateway a trust says which authority vouches for a client, and for which names', async (t) => {
  const trust = memoryTrust({ authorities })
  const ask = await start(t, { trust })
  const ours = await ca.issue({ cn: 'ours', o: 'Example', spiffe: 'spiffe://prod.example/x' })
  t.match(await ask(ours), { status: 200, body: { authority: 'clients', cn: 'ours', spiffe: null } })
  t.match(await ask(await partner.issue({ cn: 'web', spiffe: 'spiffe://partner.example/web' })), { status: 200, body: { authority: 'partner', cn: null, spiffe: 'spiffe://partner.example/web' } })
  t.match(await ask(await ca.issue({ cn: 'x', o: 'Other' })), { status: 401 })
  t.match(await ask(await (await createDevCa()).issue({ cn: 'x', o: 'Example' })), { status: 401 })
  trust.update({ authorities: { partner: authorities.partner } })
  t.match(await ask(ours), { status: 401 }, 'an authority that is gone vouches for nobody')
  trust.update({ authorities })
  t.match(await ask(ours), { status: 200 })
})

test('behind a gateway several authorities are told apart, though each of them vouches for any name', async (t) => {
  const any = { clients: { ca: ca.root, names: 'any' }, partner: { ca: partner.root, names: 'any' } } as const
  const ask = await start(t, { trust: memoryTrust({ authorities: any }) })
  t.match(await ask(await ca.issue({ cn: 'ours' })), { status: 200, body: { authority: 'clients', cn: 'ours' } })
  t.match(await ask(await partner.issue({ cn: 'theirs' })), { status: 200, body: { authority: 'partner', cn: 'theirs' } })
  t.match(await ask(await (await createDevCa({ name: 'Clients' })).issue({ cn: 'ours' })), { status: 401 }, 'of neither')
})

test('what the gateway verifies as is told by the operator; lists and blocks count', async (t) => {
  const bad = await ca.issue({ cn: 'bad', o: 'Example' })
  await ca.revoke(bad.serialNumber)
  const trust = memoryTrust({ authorities: { ...authorities, clients: { ...authorities.clients, crl: (await ca.crl()).pem } } })
  const block = blockMemory([])
  const ask = await start(t, { trust, block }, { verifiedAs: 'clients' })
  const good = await ca.issue({ cn: 'good', o: 'Example' })
  t.match(await ask(good), { status: 200, body: { authority: 'clients' } })
  t.match(await ask(bad), { status: 401 })
  t.match(await ask(await partner.issue({ cn: 'web', spiffe: 'spiffe://partner.example/web' })), { status: 401 }, 'of another authority')
  block.update([{ name: 'CN=good,O=Example' }])
  t.match(await ask(good), { status: 401 })
  block.update([])
  t.match(await ask(good), { status: 200 })
})

test('verifiedAs may name an authority that is added later, such as a federated trust domain', async (t) => {
  const prod = await createDevCa({ name: 'Prod' })
  const own = { ca: prod.root, names: { spiffe: 'spiffe://prod.example' }, spiffeOnly: true, for: 'clients' }
  const federated = { ...own, ca: partner.root, names: { spiffe: 'spiffe://partner.example' } }
  const servers = { ...own, ca: ca.root, for: 'servers' }
  const material = (...more: any[]): any => ({ authorities: new Map([['prod.example', own], ['servers', servers], ...more]), crls: [] })
  const trust = await startPushedTrust(material(), { origin: 'the bundles', onClose: () => {}, mayAdd: (name: string) => name.endsWith('.example') || name === 'servers' } as any)
  t.after(async () => { await trust.close() })
  for (const verifiedAs of ['evil', 'servers', 5]) {
    await t.rejects(start(t, { trust }, { verifiedAs }), { message: /forwarded\.verifiedAs is .*; expected an authority for clients: prod\.example$/ })
  }
  const lines: string[] = []
  const ask = await start(t, { trust }, { verifiedAs: 'partner.example' }, lines)
  t.same(lines, ['forwarded.verifiedAs is "partner.example": no forwarded client is accepted until this authority is added'])
  const web = await partner.issue({ spiffe: 'spiffe://partner.example/web' })
  t.match(await ask(web), { status: 401 }, 'not yet')
  t.match(await ask(await prod.issue({ spiffe: 'spiffe://prod.example/x' })), { status: 401 }, 'another authority')
  await trust.push(material(['partner.example', federated]))
  t.match(await ask(web), { status: 200, body: { authority: 'partner.example', spiffe: 'spiffe://partner.example/web' } })
  await trust.push(material())
  t.match(await ask(web), { status: 401 }, 'it left')
})

test('validation in process asks the trust', async (t) => {
  const ask = await start(t, { trust: memoryTrust({ authorities }) }, { verification: 'in-process' })
  const below = await ca.intermediate({ name: 'Below' })
  const client = await below.issue({ cn: 'ours', o: 'Example' })
  const intermediate = Buffer.from(below.certificate.replace(/-----[A-Z ]+-----/g, ''), 'base64')
  t.match(await ask(client, intermediate), { status: 200, body: { authority: 'clients', cn: 'ours' } })
  t.match(await ask(client), { status: 401 }, 'without its intermediate no path leads to the CA')
  t.match(await ask(await (await createDevCa({ name: 'Clients' })).issue({ cn: 'x', o: 'Example' })), { status: 401 })
  t.match(await ask(await partner.issue({ cn: 'x', spiffe: 'spiffe://prod.example/x' })), { status: 401 })
})

test('what does not fit together is refused at start', async (t) => {
  const forwarded = { format: 'rfc9440', gateways: { addresses: ['127.0.0.1'] } }
  for (const [options, message] of [
    [{ forwarded, trust: {} }, /trust is an object without subscribe\(\); expected a source such as fileTrust\(\) returns/],
    [{ forwarded, trust: Promise.resolve() }, /trust is a Promise \(await it\)/],
    [{ forwarded, block: [] }, /found block without trust/],
    [{ forwarded, revocation: {} }, /found revocation without trust/],
    [{ forwarded: { ...forwarded, verifiedAs: 'clients' } }, /found forwarded\.verifiedAs without trust; expected the option trust, which defines the authority/],
    [{ forwarded: { ...forwarded, verifiedAs: 'client' }, trust: memoryTrust({ authorities }) }, /forwarded\.verifiedAs is "client"; expected an authority for clients: clients, partner/]
  ] as const) await t.rejects(async () => { await Fastify().register(fastifyMtls, options as never) }, { code: 'MTLS_ERR_SERVER_OPTION', message })
})
