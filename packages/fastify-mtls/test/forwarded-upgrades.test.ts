import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import fastifyWebsocket from '@fastify/websocket'
import { blockMemory } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import { test } from 'tap'
import WebSocket from 'ws'
import { ForwardedUpgrades } from '../src/forwarded-upgrades.ts'
import { startBehind, told } from './support/gateway.ts'
import type { GatewayWorld } from './support/gateway.ts'

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
  const closed = once(cut, 'close')
  world.credentials.update({ crl: (await world.ca.crl()).pem })
  await closed
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

test('every open socket is judged time and again, and what cannot be judged is cut', async (t) => {
  const upgrades = new ForwardedUpgrades(Date.now, 1)
  // The timers under test keep no process alive.
  const alive = setInterval(() => {}, 1_000)
  t.after(() => { clearInterval(alive) })
  const judged: Record<string, number> = {}
  const follow = (name: string, answer: (turn: number) => boolean | Promise<boolean>): PassThrough => {
    const socket = new PassThrough()
    upgrades.follow(socket, Infinity, () => answer(judged[name] = (judged[name] ?? 0) + 1))
    return socket
  }
  // Both stand three times.
  const good = follow('good', (turn) => turn <= 3)
  const later = follow('later', async (turn) => turn <= 3)
  const cut = [follow('bad', async () => false), follow('broken', () => { throw new Error('x') }), follow('failing', async () => { throw new Error('x') })]
  const left = follow('left', () => true).destroy()
  upgrades.follow(new PassThrough().destroy(), 0, () => { throw new Error('nobody is there to be judged') })
  await Promise.all([good, later, ...cut, left].map(async (socket) => { if (!socket.closed) await once(socket, 'close') }))
  t.same(judged, { good: 4, later: 4, bad: 1, broken: 1, failing: 1 })
})

test('a review does not wait', async (t) => {
  const upgrades = new ForwardedUpgrades(() => 0)
  const socket = new PassThrough()
  upgrades.follow(socket, Infinity, () => false)
  upgrades.review()
  t.ok(socket.destroyed)
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
  const closed = [once(sockets.behind, 'close'), once(sockets.direct, 'close')]
  block.update([{ name: 'CN=behind' }, { name: 'CN=direct' }])
  await Promise.all(closed)
  t.match([world.refused.map(({ reason }) => reason), world.ended.map(({ reason }) => reason)], [['blocked'], ['blocked']])
  const gone = once(sockets.theirs, 'close')
  world.credentials.update({ authorities: { internal: authorities.internal } })
  await gone
  t.equal(sockets.other.readyState, WebSocket.OPEN)
  sockets.other.terminate()
  await once(sockets.other, 'close')
})
