// A service whose certificate of 20 seconds comes from Pebble, with 200 calls in flight: none is lost.
import { subscribe } from 'node:diagnostics_channel'
import Fastify from 'fastify'
import { test } from 'tap'
import { memoryCredentials, renewingCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import { MtlsAgent } from '@peerkit/undici-mtls'
import { startWorld } from './acme/world.ts'
import { nextChange } from './spire/changes.ts'
import { startTraffic } from './spire/service.ts'

const HANDSHAKE = 60_000

// Why the service refused a connection, so that a call that was lost has a reason.
const refusals: string[] = []
subscribe('peerkit:handshake:refused', (message) => { refusals.push(String((message as { reason?: string }).reason)) })

test('renewals with 200 calls in flight', { timeout: 240_000 }, async (t) => {
  const { pebble, issuer } = await startWorld(t, { profiles: { default: 20 } })
  // A public CA certifies servers. The clients have certificates of a CA of our own.
  const clients = await createDevCa({ name: 'Clients' })
  const { chain: cert, key } = await clients.issue({ profile: 'client', cn: 'orders' })
  const ledger = await renewingCredentials(issuer({ names: { dns: ['localhost'] }, random: () => 0.25 }), { ca: clients.root, chain: 'unchecked', use: 'server', timeout: 60_000, retryFirst: 500 })
  t.teardown(async () => { await ledger.close() })
  const orders = memoryCredentials({ cert, key, ca: pebble.root, chain: 'unchecked' })
  t.teardown(async () => { await orders.close() })
  const app = Fastify({ ...withMtls(ledger, { mtls: { handshakeTimeout: HANDSHAKE } }), forceCloseConnections: true })
  await app.register(fastifyMtls)
  await app.register(fastifyAllowedClients)
  app.get('/', { config: { allowedClients: { cn: 'orders' } } }, async ({ peer }) => String(peer.subject))
  await app.listen({ host: 'localhost', port: 0 })
  t.teardown(async () => { await app.close() })
  const agent = new MtlsAgent({ credentials: orders, allowedServers: { dns: 'localhost' }, connectTimeout: HANDSHAKE, connections: 200 })
  t.teardown(async () => { await agent.destroy() })
  const traffic = startTraffic(t, agent, `https://localhost:${new URL(app.listeningOrigin).port}`, { inFlight: 200, expected: 'CN=orders' })
  const serials = new Set<string | undefined>([ledger.current.identity.serialNumber])
  for (let turn = 0; turn < 3; turn += 1) {
    await nextChange(ledger, 'rotated')
    t.ok(ledger.current.notAfter > Date.now())
    serials.add(ledger.current.identity.serialNumber)
    await traffic.answers(400)
  }
  await traffic.stop()
  t.same([...traffic.wrong, ...refusals], [], `of ${traffic.answered}`)
  t.equal(serials.size, 4)
  t.ok(traffic.answered > 1_000, String(traffic.answered))
})
