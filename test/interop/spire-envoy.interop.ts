// Envoy with certificates from a SPIRE agent (SDS) in front of a Peerkit app with certificates from the same agent.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Fastify from 'fastify'
import { test } from 'tap'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import { freePort, startProgram } from '@peerkit/example-spire'
import { compileRules } from '@peerkit/rules'
import { getServerIdentity } from '@peerkit/undici-mtls'
import { nextChange, until } from './spire/changes.ts'
import { requireTool } from './require-tool.ts'
import { call, startCaller, startTraffic } from './spire/service.ts'
import { makeFolder, startSpire } from './spire/world.ts'

const envoy = requireTool('envoy')
const id = (name: string): string => `spiffe://prod.example/${name}`

test('Envoy takes its certificate from the agent, and the app believes it by its SPIFFE ID', { timeout: 300_000 }, async (t) => {
  const spire = await startSpire(t, { ttl: '20s' })
  for (const name of ['gateway', 'app', 'orders', 'intern']) await spire.server.register(`/${name}`)
  const [own, orders, intern] = await Promise.all(['/app', '/orders', '/intern'].map(async (path) => await spire.credentials(path)) as [ReturnType<typeof spire.credentials>, ReturnType<typeof spire.credentials>, ReturnType<typeof spire.credentials>])

  const app = Fastify({ ...withMtls(own), forceCloseConnections: true })
  await app.register(fastifyMtls, { forwarded: { format: 'xfcc', gateways: { identity: compileRules([{ spiffe: id('gateway') }]) } } })
  await app.register(fastifyAllowedClients)
  app.get('/', { config: { allowedClients: [{ spiffe: id('orders'), via: { spiffe: id('gateway') } }] } }, async ({ peer }) => {
    return `${peer.spiffeId} via ${peer.via.map(({ spiffeId }) => spiffeId)}`
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(async () => { await app.close() })

  const folder = makeFolder(t)
  const port = await freePort()
  const values: Record<string, string> = { PORT: String(port), APP_PORT: new URL(app.listeningOrigin).port, SOCKET: spire.agent.socket, GATEWAY: id('gateway'), TRUST_DOMAIN: 'spiffe://prod.example', APP: id('app') }
  const config = readFileSync(join(import.meta.dirname, 'spire/envoy.yaml'), 'utf8').replace(/^#.*\n/gm, '').replace(/\$\{([A-Z_]+)\}/g, (whole, name: string) => values[name] ?? whole)
  writeFileSync(join(folder, 'envoy.yaml'), config)
  const gateway = await startProgram(envoy, ['-c', join(folder, 'envoy.yaml'), '--log-level', 'info', '--base-id', String(process.pid % 30_000)], /all dependencies initialized. starting workers/)
  t.teardown(async () => { await gateway.kill() })
  const origin = `https://127.0.0.1:${port}`
  const fromOrders = startCaller(t, orders, id('gateway'), 20)
  const answer = `${id('orders')} via ${id('gateway')}`
  await until(async () => await call(fromOrders, origin, true) === answer)

  await t.test('it shows its own SVID, and forwards who the client is', async (t) => {
    const response = await fromOrders.request({ origin, path: '/', method: 'GET' })
    t.equal(await response.body.text(), answer)
    t.equal(getServerIdentity(response)?.spiffeId, id('gateway'))
  })

  await t.test('another client is refused by its SPIFFE ID, and cannot claim to be one that is allowed', async (t) => {
    t.match(await call(startCaller(t, intern, id('gateway')), origin), /^403 MTLS_ERR_CLIENT_NOT_ALLOWED/)
    const agent = startCaller(t, intern, id('gateway'))
    const forged = await agent.request({ origin, path: '/', method: 'GET', headers: { 'x-forwarded-client-cert': `By=${id('gateway')};URI=${id('orders')}` } })
    await forged.body.dump()
    t.equal(forged.statusCode, 403)
  })

  await t.test('past the gateway: a client that is none is not believed', async (t) => {
    const agent = startCaller(t, intern, id('app'))
    const response = await agent.request({ origin: app.listeningOrigin, path: '/', method: 'GET', headers: { 'x-forwarded-client-cert': `URI=${id('orders')}` } })
    t.match(await response.body.text(), /"code":"MTLS_ERR_/)
    t.not(response.statusCode, 200)
  })

  await t.test('rotations of all three under calls', async (t) => {
    const traffic = startTraffic(t, fromOrders, origin, { inFlight: 20, expected: answer })
    for (let turn = 0; turn < 3; turn++) {
      await Promise.all([nextChange(own, 'rotated'), nextChange(orders, 'rotated')])
      await traffic.answers(100)
    }
    await traffic.stop()
    t.same([...traffic.wrong], [], `of ${traffic.answered}`)
  })
})
