// Two services whose certificates end after a minute, with 200 calls in flight, and a step-ca that is killed and started at random moments: no call is
// lost, and none is answered by a certificate that has ended. PEERKIT_MINUTES says how long, by default 2.
import { subscribe } from 'node:diagnostics_channel'
import Fastify from 'fastify'
import { test } from 'tap'
import { renewingCredentials } from '@peerkit/credentials'
import type { TimedCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import { stepCaIssuer } from '@peerkit/issuers/step-ca'
import { MtlsAgent } from '@peerkit/undici-mtls'
import { join } from 'node:path'
import { startTraffic } from './spire/service.ts'
import { startStepCa } from './step-ca/start-step-ca.ts'

const MINUTES = Number(process.env['PEERKIT_MINUTES'] ?? 2)
const HANDSHAKE = 60_000

const refusals: string[] = []
subscribe('peerkit:handshake:refused', (message) => { refusals.push(String((message as { reason?: string }).reason)) })

test('certificates of a minute', { timeout: (MINUTES + 3) * 60_000 }, async (t) => {
  const stepCa = await startStepCa(t)
  const counts = { renewals: 0, refused: 0, stops: 0 }
  const start = async (name: string): Promise<TimedCredentials> => {
    const issuer = stepCaIssuer({
      url: stepCa.url, root: join(stepCa.folder, 'root.pem'), names: { cn: name, dns: ['localhost'] }, enrol: { token: (question) => stepCa.token(question, 'short') }
    })
    // step-ca sets the start a minute back: a third of the lifetime is 20 seconds after the issue.
    const source = await renewingCredentials(issuer, { renewAfter: 0.6, retryFirst: 500, retryLongest: 1_000 })
    t.teardown(async () => { await source.close() })
    source.subscribe(({ type }) => {
      if (type === 'rotated') counts.renewals += 1
      if (type === 'refused') counts.refused += 1
    })
    return source
  }
  const [ledger, orders] = [await start('ledger'), await start('orders')]
  const app = Fastify({ ...withMtls(ledger, { mtls: { handshakeTimeout: HANDSHAKE } }), forceCloseConnections: true })
  await app.register(fastifyMtls)
  await app.register(fastifyAllowedClients)
  const ended: number[] = []
  app.get('/', { config: { allowedClients: { cn: 'orders' } } }, async ({ peer }) => {
    if (ledger.current.notAfter < Date.now()) ended.push(Date.now())
    return String(peer.subject)
  })
  await app.listen({ host: 'localhost', port: 0 })
  t.teardown(async () => { await app.close() })
  const agent = new MtlsAgent({ credentials: orders, allowedServers: { dns: 'localhost' }, connectTimeout: HANDSHAKE, connections: 200 })
  t.teardown(async () => { await agent.destroy() })
  const traffic = startTraffic(t, agent, `https://localhost:${new URL(app.listeningOrigin).port}`, { inFlight: 200, expected: 'CN=orders' })
  const pause = async (seconds: number): Promise<void> => { await new Promise((resolve) => { setTimeout(resolve, seconds * 1_000) }) }
  for (const end = Date.now() + MINUTES * 60_000; Date.now() < end;) {
    await pause(Math.random() * 20)
    await stepCa.stop()
    counts.stops += 1
    await pause(Math.random() * 20)
    await stepCa.start()
  }
  await traffic.stop()
  console.error(`${MINUTES} minutes, ${JSON.stringify({ ...counts, answered: traffic.answered })}`)
  t.same([...traffic.wrong, ...refusals, ...ended], [], `of ${traffic.answered}`)
  t.ok(counts.renewals >= MINUTES * 2, JSON.stringify(counts))
  t.ok(counts.refused > 0, 'some renewals met a step-ca that was away')
})
