// Listeners of the raw server behind a gateway. Every request comes over the connection of the gateway, whose own
// certificate is accepted: only the client that it forwards may count.
import { once } from 'node:events'
import { blockMemory } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { test } from 'tap'
import WebSocket, { WebSocketServer } from 'ws'
import { startBehind, told } from './support/gateway.ts'
import type { GatewayWorld } from './support/gateway.ts'
import { call } from './support/world.ts'

/** `101`, or the status of the refusal. */
async function upgrade ({ ca, gateway, port }: GatewayWorld, headers: Record<string, string>): Promise<{ status: number, socket: WebSocket }> {
  const socket = new WebSocket(`wss://127.0.0.1:${port}/ws`, { ca: ca.root, cert: gateway.chain, key: gateway.key, headers })
  const status = await new Promise<number>((resolve) => {
    socket.once('open', () => { resolve(101) })
    socket.once('unexpected-response', (_request, response) => { resolve(response.statusCode ?? 0) })
    socket.once('error', () => { resolve(0) })
  })
  return { status, socket }
}

test('guardUpgrades: behind a gateway the rules hold for the client, and not for the gateway', async (t) => {
  const ca = await createDevCa()
  const block = blockMemory([])
  const world = await startBehind(t, {}, {
    ca,
    crl: true,
    settings: { block },
    setup (app) {
      app.mtls.guardUpgrades('authenticated')
      new WebSocketServer({ server: app.server, path: '/ws' }).on('connection', () => {})
    }
  })
  const [good, revoked, blocked] = [await ca.issue({ cn: 'good' }), await ca.issue({ cn: 'revoked' }), await ca.issue({ cn: 'blocked' })]
  ca.revoke(revoked)
  world.credentials.update({ crl: (await ca.crl()).pem })
  block.update([{ name: 'CN=blocked' }])
  t.equal((await upgrade(world, {})).status, 401, 'the gateway has no client, and is none itself')
  t.equal((await upgrade(world, told(revoked))).status, 401)
  t.equal((await upgrade(world, told(blocked))).status, 401)
  t.equal((await upgrade(world, { 'client-cert': 'garbage' })).status, 401)
  t.strictSame(world.refused.map(({ reason }) => reason), ['revoked', 'blocked', 'malformed'], 'each is told once')
  const { status, socket } = await upgrade(world, told(good))
  t.equal(status, 101)

  ca.revoke(good)
  const closed = once(socket, 'close')
  world.credentials.update({ crl: (await ca.crl()).pem })
  await closed
  t.match(world.refused.at(-1), { reason: 'revoked', peer: { subject: { commonName: 'gateway' } } }, 'its socket is cut')
})

for (const http2 of [false, true]) {
  test(`guardUpgrades: listeners of requests too, http2: ${http2}`, async (t) => {
    const ca = await createDevCa()
    const [good, revoked] = [await ca.issue({ cn: 'good' }), await ca.issue({ cn: 'revoked' })]
    ca.revoke(revoked)
    const seen: string[] = []
    const world = await startBehind(t, {}, {
      ca,
      crl: true,
      settings: { http2 },
      setup (app) {
        app.mtls.guardUpgrades('authenticated')
        app.server.on('request', (request: any) => { seen.push(request.url) })
        app.get('/open', { config: { clientCertificate: 'optional' } }, async ({ optionalPeer }) => [optionalPeer?.commonName])
      }
    })
    const ask = async (query: string, headers: Record<string, string>): Promise<unknown> => {
      const { status, body } = await call(world, world.gateway, { path: `/open?${query}`, headers })
      return [status, status === 200 ? body[0] : undefined]
    }
    t.strictSame(await ask('nobody', {}), [200, null])
    t.strictSame(await ask('revoked', told(revoked)), [401, undefined])
    t.strictSame(await ask('good', told(good)), [200, 'good'])
    t.strictSame(seen, ['/open?good'])
    t.strictSame(world.refused.map(({ reason }) => reason), ['revoked'])
  })
}
