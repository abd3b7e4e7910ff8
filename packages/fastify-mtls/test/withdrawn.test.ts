// A certificate that its issuer took back: nothing presents it any more.
import { once } from 'node:events'
import { mock } from 'node:test'
import { test } from 'tap'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { startPushedCredentials } from '@peerkit/credentials/internal'
import type { PushedMaterial } from '@peerkit/credentials/internal'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import fastifyMtls, { withMtls } from '../src/index.ts'
import { dial } from './support/dial.ts'
import { callRaw } from './support/world.ts'

async function material (ca: DevCa): Promise<PushedMaterial> {
  const { chain: cert, key } = await ca.issue({ spiffe: 'spiffe://prod.example/ledger', dns: 'localhost', ip: '127.0.0.1' })
  const own = { ca: ca.root, names: { spiffe: 'spiffe://prod.example' }, spiffeOnly: true }
  return { cert, key, own: 'prod.example', authorities: new Map([['prod.example', own]]), crls: [] }
}

const lineOf = (lines: readonly any[], text: RegExp): any => lines.find(({ msg }) => text.test(msg))

test('a server takes no new connections, resumes no sessions, and closes those that are open', async (t) => {
  const ca = await createDevCa()
  const source = await startPushedCredentials(await material(ca), { origin: 'the X.509-SVID', onClose: () => {}, revocationPolicy: 'soft' })
  const client = await ca.issue({ spiffe: 'spiffe://prod.example/billing' })
  const identity = { cert: client.chain, key: client.key }
  const lines: any[] = []
  const logger = { level: 'info', stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } }
  const app: FastifyInstance<any, any, any, any> = Fastify(withMtls(source, { logger, mtls: { drainTimeout: 50 } }))
  await app.register(fastifyMtls, { closeCredentials: true })
  app.get('/', async () => ({}))
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.after(async () => { await app.close() })
  const world = { ca, port: (app.server.address() as { port: number }).port }

  const { session } = await callRaw(world, identity)
  t.match(await callRaw(world, identity, { session }), { status: 200, reused: true })
  const open = await dial(world, 'HTTP/1.1', identity)
  t.equal(await open.ask(), 200)
  source.withdraw()
  source.withdraw()
  t.match(source.current, { withdrawn: true, generation: 2 })
  t.match(await callRaw(world, identity), { status: undefined })
  t.match(await callRaw(world, identity, { session }), { status: undefined })
  if (!open.socket.destroyed) await once(open.socket, 'close')
  t.ok(lineOf(lines, /our certificate was withdrawn; every handshake is refused/))
  t.notOk(lineOf(lines, /our own certificate ended/), 'it has not ended')

  await source.push(await material(ca))
  t.match(await callRaw(world, identity), { status: 200 })
})

test('sessions of a shared secret are not resumed either, also by a server that starts meanwhile', async (t) => {
  const ca = await createDevCa()
  const options = { origin: 'the X.509-SVID', onClose: () => {}, revocationPolicy: 'soft' } as const
  const source = await startPushedCredentials(await material(ca), options)
  t.after(async () => { await source.close() })
  const client = await ca.issue({ spiffe: 'spiffe://prod.example/billing' })
  const identity = { cert: client.chain, key: client.key }
  const ticketSecret = Buffer.alloc(32, 7)
  const start = async (): Promise<{ ca: DevCa, port: number }> => {
    const app: FastifyInstance<any, any, any, any> = Fastify(withMtls(source, { mtls: { ticketSecret } }))
    await app.register(fastifyMtls)
    app.get('/', async () => ({}))
    await app.listen({ host: '127.0.0.1', port: 0 })
    t.after(async () => { await app.close() })
    return { ca, port: (app.server.address() as { port: number }).port }
  }
  const first = await start()
  const worlds = [first, await start()]
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const { session } = await callRaw(first, identity, { maxVersion })
    const resume = { session, maxVersion }
    for (const world of worlds) t.match(await callRaw(world, identity, resume), { status: 200, reused: true }, maxVersion)
    source.withdraw()
    for (const world of [...worlds, await start()]) {
      t.match(await callRaw(world, identity, resume), { status: undefined }, `${maxVersion}, withdrawn`)
    }
    await source.push(await material(ca))
    for (const world of worlds) t.match(await callRaw(world, identity, resume), { status: 200 }, `${maxVersion}, back`)
  }
})

test('a certificate that comes back before drainTimeout is over keeps the open connections', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => { mock.timers.reset() })
  const ca = await createDevCa()
  const source = await startPushedCredentials(await material(ca), { origin: 'the X.509-SVID', onClose: () => {}, revocationPolicy: 'soft' })
  t.after(async () => { await source.close() })
  const app: FastifyInstance<any, any, any, any> = Fastify(withMtls(source, { mtls: { drainTimeout: 50_000 } }))
  await app.register(fastifyMtls)
  app.get('/', async () => ({}))
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.after(async () => { await app.close() })
  const client = await ca.issue({ spiffe: 'spiffe://prod.example/billing' })
  const open = await dial({ ca, port: (app.server.address() as { port: number }).port }, 'HTTP/1.1', { cert: client.chain, key: client.key })
  t.equal(await open.ask(), 200)
  source.withdraw()
  mock.timers.tick(49_000)
  await source.push(await material(ca))
  mock.timers.tick(1_000)
  t.equal(await open.ask(), 200)
  source.withdraw()
  mock.timers.tick(50_000)
  t.equal(await open.ask(), undefined)
})
