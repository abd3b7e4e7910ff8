import { once } from 'node:events'
import dns from 'node:dns'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { connect } from 'node:tls'
import websocket from '@fastify/websocket'
import { emitterOf } from '@peerkit/events'
import { test } from 'tap'
import WebSocket, { WebSocketServer } from 'ws'
import { createDevCa } from '@peerkit/dev-ca'
import { call, openSession, callSession, startWorld } from './support/world.ts'
import type { World } from './support/world.ts'

const hasIpv6 = Object.values(networkInterfaces()).flat().some((found) => found?.address === '::1')
/** What a machine's host file may say of localhost; the last is nobody's (RFC 5737), so that it cannot be bound. */
const ADDRESSES = ['127.0.0.1', '127.0.0.2', ...(hasIpv6 ? ['::1'] : []), '127.0.0.2', '192.0.2.1']
const BOUND = [...new Set(ADDRESSES)].slice(0, -1)

/** Gives `localhost` several addresses, as it has on other machines; or fails once. */
function nameAddresses (t: any, answer: string[] | Error): void {
  const { lookup } = dns
  let failed = false
  const stub = (name: string, options: any, done: any): void => {
    if (name !== 'localhost' || options?.all !== true || failed) { (lookup as any)(name, options, done); return }
    process.nextTick(() => {
      failed = answer instanceof Error
      if (answer instanceof Error) done(answer)
      else done(null, answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })))
    })
  }
  dns.lookup = stub as typeof dns.lookup
  t.after(() => { dns.lookup = lookup })
}

const originOf = (address: string, port: number): string => `https://${address.includes(':') ? `[${address}]` : address}:${port}`

async function startOnLocalhost (t: any, options: object = {}): Promise<World> {
  const ca = await createDevCa()
  const server = await ca.issue({ cn: 'server', dns: 'localhost', ip: BOUND })
  return await startWorld(t, { ca, host: 'localhost', material: { cert: server.chain, key: server.key }, ...options })
}

for (const http2 of [false, true]) {
  test(`${http2 ? 'HTTP/2' : 'HTTP/1.1'}: localhost is served on every address that it has, under the same gate, trust and port`, async (t) => {
    nameAddresses(t, ADDRESSES)
    const world = await startOnLocalhost(t, { settings: { http2 }, crl: true })
    const { ca, client, credentials, port } = world
    const renewed = await ca.issue({ cn: 'renewed', dns: 'localhost', ip: BOUND })
    credentials.update({ cert: renewed.chain, key: renewed.key })
    for (const address of BOUND) {
      const there = { ca, origin: originOf(address, port) }
      t.match(await call(there, client), { status: 200, body: { cn: 'client' } }, address)
      await t.rejects(call(there, undefined), { code: 'ECONNRESET' }, address)
      const socket = connect({ host: address, port, ca: ca.root, cert: client.chain, key: client.key })
      await once(socket, 'secureConnect')
      t.equal(socket.getPeerX509Certificate()?.serialNumber.toLowerCase(), renewed.serialNumber, address)
      socket.destroy()
    }
    const open = http2 ? await Promise.all(BOUND.map(async (address) => await openSession({ ...world, origin: originOf(address, port) }, client))) : []
    for (const session of open) t.match(await callSession(session), { status: 200 })
    ca.revoke(client)
    credentials.update({ crl: (await ca.crl()).pem })
    for (const session of open) t.match(await callSession(session), { status: 401 })
    for (const address of BOUND) await t.rejects(call({ ca, origin: originOf(address, port) }, client), { code: 'ECONNRESET' }, address)
  })
}

test('an open HTTP/2 session on a further address does not keep the app from closing', async (t) => {
  nameAddresses(t, ['127.0.0.1', '127.0.0.2'])
  const world = await startOnLocalhost(t, { settings: { http2: true } })
  const session = await openSession({ ...world, origin: originOf('127.0.0.2', world.port) }, world.client)
  const ended = once(session, 'close')
  await world.app.close()
  await ended
  await t.rejects(call({ ca: world.ca, origin: originOf('127.0.0.2', world.port) }, world.client), { code: 'ECONNREFUSED' })
})

test('a WebSocket reaches its route by a further address, and a revocation cuts it there too', async (t) => {
  nameAddresses(t, ['127.0.0.1', '127.0.0.2'])
  const world = await startOnLocalhost(t, {
    crl: true,
    setup: async (app: any) => {
      await app.register(websocket)
      await app.register(async (scope: any) => {
        scope.get('/socket', { websocket: true }, (socket: WebSocket, request: any) => { socket.on('message', () => { socket.send(request.peer.subject.commonName) }) })
      })
    }
  })
  const socket = new WebSocket(`wss://127.0.0.2:${world.port}/socket`, { ca: world.ca.root, cert: world.client.chain, key: world.client.key })
  socket.on('error', () => {})
  await once(socket, 'open')
  socket.send('who am I')
  const [message] = await once(socket, 'message')
  t.equal(String(message), 'client')
  world.ca.revoke(world.client)
  const cut = once(socket, 'close')
  world.credentials.update({ crl: (await world.ca.crl()).pem })
  await cut
})

test('a further address that somebody else holds is left out', async (t) => {
  // Found free on all addresses, then taken on one.
  const holder = createServer()
  holder.listen(0, '127.0.0.2')
  await once(holder, 'listening')
  t.after(() => { holder.close() })
  const { port } = holder.address() as AddressInfo
  nameAddresses(t, ['127.0.0.1', '127.0.0.2'])
  const world = await startOnLocalhost(t, { port })
  t.equal(world.port, port)
  t.match(await call(world, world.client), { status: 200 })
})

test('where the addresses cannot be looked up, the server listens on what Node finds', async (t) => {
  nameAddresses(t, Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }))
  const world = await startOnLocalhost(t)
  t.match(await call(world, world.client), { status: 200 })
})

test('a server that is closed while its addresses are looked up does not listen after', async (t) => {
  nameAddresses(t, ['127.0.0.1', '127.0.0.2'])
  const world = await startOnLocalhost(t)
  const { server } = world.app
  server.close()
  await once(server, 'close')
  server.on('listening', () => { t.fail('listens') })
  server.listen({ host: 'localhost', port: 0 })
  server.close()
  await new Promise<void>((resolve) => { dns.lookup('localhost', { all: true }, () => { resolve() }) })
  t.equal(server.listening, false)
})

test('one address, by name or by path, is Node\'s own affair', async (t) => {
  const world = await startOnLocalhost(t, { host: '127.0.0.2' })
  t.match(await call({ ca: world.ca, origin: originOf('127.0.0.2', world.port) }, world.client), { status: 200 })
  await t.rejects(call(world, world.client), { code: 'ECONNREFUSED' })
})

for (const http2 of [false, true]) {
  for (const late of [false, true]) {
    test(`listeners of the raw server answer on every address, http2: ${http2}, added ${late ? 'while it listens' : 'before'}`, async (t) => {
      nameAddresses(t, ['127.0.0.1', '127.0.0.2'])
      const attach = ({ server }: any): void => {
        new WebSocketServer({ server, path: '/ws' }).on('connection', (socket) => { socket.send('secret') })
        const routes = server.listeners('request')
        server.removeAllListeners('request')
        server.on('request', (request: any, response: any) => {
          if (request.url === '/poll') response.end('"secret"')
          else for (const route of routes) route.call(server, request, response)
        })
      }
      const world = await startOnLocalhost(t, {
        settings: { http2, clientCertificate: 'optional' },
        setup: (app: any) => {
          app.mtls.guardUpgrades('authenticated')
          if (!late) attach(app)
        }
      })
      if (late) attach(world.app)
      for (const address of ['127.0.0.1', '127.0.0.2']) {
        const there = { ca: world.ca, origin: originOf(address, world.port) }
        t.match(await call(there, world.client, { path: '/poll' }), { status: 200, body: 'secret' }, address)
        t.match(await call(there, undefined, { path: '/poll' }), { status: 401 }, address)
        t.match(await call(there, world.client), { status: 200, body: { cn: 'client' } }, address)
        const url = `wss://${address}:${world.port}/ws`
        const socket = new WebSocket(url, { ca: world.ca.root, cert: world.client.chain, key: world.client.key })
        const [message] = await once(socket, 'message')
        t.equal(String(message), 'secret', address)
        socket.terminate()
        const [error] = await once(new WebSocket(url, { ca: world.ca.root }), 'error')
        t.match(error, { message: /401/ }, address)
      }
    })
  }
}

test('where the last listener of upgrades is gone, a further address answers as the first does', async (t) => {
  nameAddresses(t, ['127.0.0.1', '127.0.0.2'])
  const world = await startOnLocalhost(t, { setup: (app: any) => { app.mtls.guardUpgrades('authenticated') } })
  const raw = new WebSocketServer({ server: world.app.server, path: '/ws' })
  raw.close()
  for (const address of ['127.0.0.1', '127.0.0.2']) {
    const headers = { connection: 'Upgrade', upgrade: 'websocket' }
    t.match(await call({ ca: world.ca, origin: originOf(address, world.port) }, world.client, { path: '/ws', headers }), { status: 404 }, address)
  }
})

test('events of every address name the one server that the app knows', async (t) => {
  nameAddresses(t, ['127.0.0.1', '127.0.0.2'])
  const world = await startOnLocalhost(t)
  for (const address of ['127.0.0.1', '127.0.0.2']) {
    await t.rejects(call({ ca: world.ca, origin: originOf(address, world.port) }, undefined), { code: 'ECONNRESET' }, address)
    t.equal(emitterOf(world.refusals.at(-1)), world.app.server, address)
  }
})
