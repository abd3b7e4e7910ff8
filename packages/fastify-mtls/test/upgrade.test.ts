import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import websocket from '@fastify/websocket'
import { isSoon } from '@peerkit/test-support/turns'
import { test } from 'tap'
import WebSocket from 'ws'
import { startWorld } from './support/world.ts'
import type { World } from './support/world.ts'

/** Milliseconds: longer than any test. */
const NEVER = 3_600_000

async function startSockets (t: any, options: object = {}): Promise<World> {
  return await startWorld(t, {
    ...options,
    setup: async (app) => {
      await app.register(websocket)
      await app.register(async (scope: any) => {
        scope.get('/socket', { websocket: true }, (socket: WebSocket, request: any) => {
          socket.on('message', () => { socket.send(request.peer.subject.commonName) })
        })
      })
    }
  })
}

const open = ({ origin, ca, client }: World, identity: { chain: string, key: string } | undefined = client): WebSocket =>
  new WebSocket(`${origin.replace('https', 'wss')}/socket`, { ca: ca.root, ...(identity !== undefined && { cert: identity.chain, key: identity.key }) })

test('a WebSocket knows its peer', async (t) => {
  const world = await startSockets(t)
  const socket = open(world)
  await once(socket, 'open')
  socket.send('who am I')
  const [message] = await once(socket, 'message')
  t.equal(String(message), 'client')
  socket.close()
  await once(socket, 'close')
})

for (const http2 of [false, true]) {
  test(`a revocation cuts an open WebSocket${http2 ? ' on a server that serves HTTP/2 too' : ''}`, async (t) => {
    const world = await startSockets(t, { crl: true, settings: { http2, drainTimeout: NEVER } })
    const socket = open(world)
    t.teardown(() => { socket.terminate() })
    socket.on('error', () => {})
    await once(socket, 'open')
    world.ca.revoke(world.client)
    world.credentials.update({ crl: (await world.ca.crl()).pem })
    t.ok(await isSoon(() => socket.readyState === WebSocket.CLOSED), 'at once: drainTimeout is for answers')
    t.match(world.ended, [{ reason: 'revoked' }])
  })
}

test('a certificate that ends cuts an open WebSocket', async (t) => {
  const world = await startSockets(t, { settings: { drainTimeout: NEVER } })
  const brief = await world.ca.issue({ cn: 'brief', profile: 'client', notAfter: new Date(Date.now() + 2_000) })
  const socket = open(world, brief)
  t.teardown(() => { socket.terminate() })
  socket.on('error', () => {})
  await once(socket, 'open')
  await new Promise((resolve) => {
    subscribe('peerkit:connection:ended', resolve)
    t.teardown(() => { unsubscribe('peerkit:connection:ended', resolve) })
  })
  t.ok(await isSoon(() => socket.readyState === WebSocket.CLOSED), 'at once')
  t.match(world.ended, [{ reason: 'expired' }])
})

test('an upgrade on a connection that no longer stands is answered with 401', async (t) => {
  const { Agent } = await import('node:https')
  const { call } = await import('./support/world.ts')
  const world = await startSockets(t, { crl: true })
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: world.ca.root, cert: world.client.chain, key: world.client.key })
  t.match(await call(world, world.client, { agent }), { status: 200 })
  world.ca.revoke(world.client)
  world.credentials.update({ crl: (await world.ca.crl()).pem })
  const { request } = await import('node:https')
  const outgoing = request(`${world.origin}/socket`, { agent, ca: world.ca.root, cert: world.client.chain, key: world.client.key, headers: { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': Buffer.alloc(16).toString('base64') } })
  outgoing.end()
  const [response] = await once(outgoing, 'response')
  t.equal(response.statusCode, 401)
  t.equal(outgoing.reusedSocket, true)
  response.resume()
  agent.destroy()
})
