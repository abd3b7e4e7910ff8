import { once } from 'node:events'
import fastifyWebsocket from '@fastify/websocket'
import { blockMemory } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import { isSoon } from '@peerkit/test-support/turns'
import { test } from 'tap'
import WebSocket from 'ws'
import { startBehind, told } from './support/gateway.ts'
import type { GatewayWorld } from './support/gateway.ts'
import { GOOD, stubChecker } from './support/watched.ts'

interface Test { after (task: () => unknown): void }

async function startSockets (t: Test): Promise<{ world: GatewayWorld, open: (client: IssuedCertificate) => Promise<WebSocket> }> {
  const world = await startBehind(t, {}, {
    crl: true,
    async setup (app) {
      await app.register(fastifyWebsocket)
      app.get('/socket', { websocket: true }, (socket: WebSocket, request: any) => { socket.send(request.peer.subject.commonName) })
    }
  })
  const { gateway, ca, port } = world
  const open = async (client: IssuedCertificate): Promise<WebSocket> => {
    const socket = new WebSocket(`wss://127.0.0.1:${port}/socket`, { ca: ca.root, cert: gateway.chain, key: gateway.key, headers: told(client) })
    await once(socket, 'message')
    return socket
  }
  return { world, open }
}

test('an open WebSocket of a gateway\'s client is cut when its certificate is revoked; the others stay', async (t) => {
  const { world, open } = await startSockets(t)
  const [one, other] = [await world.ca.issue({ cn: 'one' }), await world.ca.issue({ cn: 'other' })]
  const [cut, kept] = [await open(one), await open(other)]
  world.ca.revoke(one)
  world.credentials.update({ crl: (await world.ca.crl()).pem })
  t.ok(await isSoon(() => cut.readyState === WebSocket.CLOSED), 'at once, not when it is next looked at')
  t.match(world.refused, [{ reason: 'revoked', peer: { subject: { commonName: 'gateway' } } }])
  kept.ping()
  await once(kept, 'pong')
  t.equal(kept.readyState, WebSocket.OPEN)
  kept.terminate()
  await once(kept, 'close')
})

test('an open WebSocket is cut when the certificate ends', async (t) => {
  const { world, open } = await startSockets(t)
  const short = await world.ca.issue({ cn: 'short', notAfter: new Date(Date.now() + 2_000) })
  await once(await open(short), 'close')
  t.match(world.refused, [{ reason: 'expired' }])
})

test('open WebSockets are cut when their client is blocked, or its authority goes, by a gateway or directly', async (t) => {
  const ca = await createDevCa()
  const block = blockMemory([])
  const partner = await createDevCa({ name: 'Partner' })
  const authorities = { internal: { ca: ca.root, names: 'any' }, partner: { ca: partner.root, names: { subject: 'any' } } } as const
  const world = await startBehind(t, {}, {
    ca,
    settings: { block },
    material: { ca: undefined, authorities },
    async setup (app) {
      await app.register(fastifyWebsocket)
      app.get('/socket', { websocket: true }, (socket: WebSocket, request: any) => { socket.send(request.peer.subject.commonName) })
    }
  })
  const open = async (identity: IssuedCertificate, headers?: Record<string, string>): Promise<WebSocket> => {
    const socket = new WebSocket(`wss://127.0.0.1:${world.port}/socket`, { ca: ca.root, cert: identity.chain, key: identity.key, ...(headers !== undefined && { headers }) })
    await once(socket, 'message')
    return socket
  }
  const [behind, direct, other, theirs] = [await ca.issue({ cn: 'behind' }), await ca.issue({ cn: 'direct' }), await ca.issue({ cn: 'other' }), await partner.issue({ cn: 'theirs' })]
  const sockets = { behind: await open(world.gateway, told(behind)), direct: await open(direct), other: await open(other), theirs: await open(theirs) }
  block.update([{ name: 'CN=behind' }, { name: 'CN=direct' }])
  t.ok(await isSoon(() => [sockets.behind, sockets.direct].every(({ readyState }) => readyState === WebSocket.CLOSED)))
  t.match([world.refused.map(({ reason }) => reason), world.ended.map(({ reason }) => reason)], [['blocked'], ['blocked']])
  world.credentials.update({ authorities: { internal: authorities.internal } })
  t.ok(await isSoon(() => sockets.theirs.readyState === WebSocket.CLOSED))
  t.equal(sockets.other.readyState, WebSocket.OPEN)
  sockets.other.terminate()
  await once(sockets.other, 'close')
})

for (const late of [false, true]) {
  test(`an open WebSocket is cut when its gateway is none any more, whose certificate stays good; late answers about revocation: ${late}`, async (t) => {
    const ca = await createDevCa()
    const world = await startBehind(t, {}, {
      ca,
      settings: late ? { revocation: stubChecker(async () => GOOD) } : {},
      material: { ca: undefined, authorities: { internal: { ca: ca.root, names: 'any' } } },
      async setup (app) {
        await app.register(fastifyWebsocket)
        app.get('/socket', { websocket: true }, (socket: WebSocket) => { socket.send('open') })
      }
    })
    const headers = told(await ca.issue({ cn: 'client' }))
    const socket = new WebSocket(`wss://127.0.0.1:${world.port}/socket`, { ca: ca.root, cert: world.gateway.chain, key: world.gateway.key, headers })
    await once(socket, 'message')
    t.after(() => { socket.terminate() })
    // Nobody vouches for the SPIFFE ID any more by which the gateway is known.
    world.credentials.update({ authorities: { internal: { ca: ca.root, names: { subject: 'any' } } } })
    t.ok(await isSoon(() => socket.readyState === WebSocket.CLOSED), 'cut')
    t.match(world.refused, [{ reason: 'untrusted_sender', peer: { subject: { commonName: 'gateway' } } }])
    t.strictSame(world.ended, [], 'the connection itself was accepted')
  })
}
