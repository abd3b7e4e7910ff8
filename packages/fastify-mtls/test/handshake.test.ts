import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTcp, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { isSoon } from '@peerkit/test-support/turns'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate } from '@peerkit/dev-ca'
import { dial } from './support/dial.ts'
import type { Protocol } from './support/dial.ts'
import { call, callSession, openSession, pair, startWorld } from './support/world.ts'
import type { World } from './support/world.ts'

/** A relay between client and server. From `hold` on it keeps back what the client sends; `held` resolves when there is something. */
interface Relay { readonly port: number, readonly held: Promise<void>, hold (): void, release (): void }

async function startRelay (t: any, serverPort: number): Promise<Relay> {
  const kept: Array<() => void> = []
  const held = Promise.withResolvers<void>()
  let isHolding = false
  const relay = createServer((client: Socket) => {
    const server = connectTcp(serverPort, '127.0.0.1')
    for (const socket of [client, server]) socket.on('error', () => {})
    server.pipe(client)
    client.on('data', (chunk) => {
      if (!isHolding) { server.write(chunk); return }
      kept.push(() => { server.write(chunk) })
      held.resolve()
    })
    client.on('close', () => { server.destroy() })
  })
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')
  t.after(() => { relay.close() })
  return {
    port: (relay.address() as { port: number }).port,
    held: held.promise,
    hold () { isHolding = true },
    release () {
      isHolding = false
      for (const write of kept.splice(0)) write()
    }
  }
}

/**
 * Connects a client, stops it halfway through the handshake, runs `change`, and lets it go on. The client's first flight
 * is through by then; its certificate is in the second.
 */
async function changeDuringHandshake (t: any, world: World, options: ConnectionOptions, change: () => Promise<void>): Promise<TLSSocket> {
  const relay = await startRelay(t, world.port)
  const socket = connect({ host: '127.0.0.1', port: relay.port, ca: world.ca.root, ...options })
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  socket.once('keylog', () => { relay.hold() })
  await relay.held
  await change()
  relay.release()
  return socket
}

const VERSIONS = [{ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }, { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' }] as const
const ALPN = { 'with ALPN': { ALPNProtocols: ['http/1.1'] }, 'without ALPN': {} }
const ISSUERS = {
  'of the CA': async (ca: DevCa) => await ca.issue({ profile: 'client' }),
  'of an intermediate': async (ca: DevCa) => await (await ca.intermediate()).issue({ profile: 'client' })
}

const REMOVED_DURING_HANDSHAKE = VERSIONS.flatMap((version) => Object.entries(ALPN).flatMap(([how, alpn]) => Object.entries(ISSUERS).map(
  ([whose, issue]) => ({ title: `${version.minVersion}, ${how}, a client ${whose}`, options: { ...version, ...alpn }, issue })
)))

for (const { title, options, issue } of REMOVED_DURING_HANDSHAKE) {
  test(`${title}: a CA that is removed during the handshake lets nobody in`, async (t) => {
    const world = await startWorld(t)
    const next = await createDevCa({ name: 'Next' })
    const socket = await changeDuringHandshake(t, world, { ...options, ...pair(await issue(world.ca)) }, async () => {
      world.credentials.update({ ca: next.root })
    })
    socket.on('data', () => { t.fail('answered') })
    await new Promise<void>((resolve) => { socket.once('close', () => { resolve() }) })
    t.match(world.refusals, [{ reason: 'unknown_ca', detail: { step: 'unknown_ca' } }])
    t.equal(world.refusals.length, 1)
  })
}

test('a CA that is added during the handshake does not disturb it', async (t) => {
  const world = await startWorld(t)
  const next = await createDevCa({ name: 'Next' })
  const socket = await changeDuringHandshake(t, world, pair(world.client), async () => {
    world.credentials.update({ ca: [world.ca.root, next.root] })
  })
  const [answer] = await once(socket, 'data')
  t.match(String(answer), /^HTTP\/1\.1 200/)
  await once(socket, 'close')
})

test('a client that renegotiates loses its connection, so it cannot present another certificate', async (t) => {
  const world = await startWorld(t)
  const socket = connect({ host: '127.0.0.1', port: world.port, ca: world.ca.root, ...pair(world.client), maxVersion: 'TLSv1.2' })
  socket.on('error', () => {})
  const request = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
  let text = ''
  // On Node 26 a client that waits for the renegotiation sees the end, and does not close by itself.
  let isOver = false
  for (const event of ['close', 'end']) socket.once(event, () => { isOver = true })
  socket.on('data', (chunk) => { text += String(chunk) })
  await once(socket, 'secureConnect')
  socket.write(request)
  await once(socket, 'data')
  socket.renegotiate({}, () => {})
  socket.write(request)
  t.ok(await isSoon(() => isOver), 'the connection is closed')
  socket.destroy()
  t.equal(text.match(/^HTTP\/1\.1 200/gm)?.length, 1, 'the second request has no answer')
})

/** A connection of a client whose CA is an intermediate that the server was never told of. */
async function openDeep (t: any, protocol: Protocol, options: ConnectionOptions): Promise<{ world: World, deep: Awaited<ReturnType<typeof dial>>, next: string }> {
  const world = await startWorld(t, { settings: { http2: protocol === 'HTTP/2' } as any })
  const issued = await (await world.ca.intermediate()).issue({ cn: 'deep', profile: 'client' })
  const deep = await dial(world, protocol, { cert: issued.chain, key: issued.key }, options)
  t.equal(await deep.ask(), 200)
  return { world, deep, next: (await createDevCa({ name: 'Next' })).root }
}

for (const [how, options] of [['with ALPN', {}], ['without ALPN', { ALPNProtocols: [] }]] as const) {
  test(`a client ${how} of an intermediate that only it sends stays connected when a CA is added, and is refused when its own is removed`, async (t) => {
    const { world, deep, next } = await openDeep(t, 'HTTP/1.1', options as ConnectionOptions)
    world.credentials.update({ ca: [world.ca.root, next] })
    t.equal(await deep.ask(), 200)
    world.credentials.update({ ca: next })
    t.equal(await deep.ask(), 401)
    t.match(world.ended, [{ reason: 'ca_removed' }])
    await deep.close()
  })
}

test('an intermediate listed in ca is refused when its root is removed, and when it is revoked', async (t) => {
  const ca = await createDevCa()
  const intermediate = await ca.intermediate()
  const issued = await intermediate.issue({ cn: 'deep', profile: 'client' })
  const crl = [(await ca.crl()).pem, (await intermediate.crl()).pem]
  const world = await startWorld(t, { ca, material: { ca: [ca.root, intermediate.certificate], crl } })
  const identity = { cert: issued.cert, key: issued.key }
  const removed = await dial(world, 'HTTP/1.1', identity)
  t.equal(await removed.ask(), 200)
  const other = await createDevCa({ name: 'Other' })
  world.credentials.update({ ca: [other.root, intermediate.certificate], crl: [(await other.crl()).pem, (await intermediate.crl()).pem] })
  t.equal(await removed.ask(), 401)
  ca.revoke(new X509Certificate(intermediate.certificate).serialNumber.toLowerCase())
  world.credentials.update({ ca: [ca.root, intermediate.certificate], crl: [(await ca.crl()).pem, (await intermediate.crl()).pem] })
  const revoked = await dial(world, 'HTTP/1.1', identity)
  t.equal(await revoked.ask(), undefined)
  t.match(world.refusals.at(-1), { reason: 'revoked', peer: { subject: { commonName: 'deep' } } })
  await Promise.all([removed.close(), revoked.close()])
})

test('a client that offers no protocol of the server is refused by a TLS alert', async (t) => {
  const world = await startWorld(t)
  const socket = connect({ host: '127.0.0.1', port: world.port, ca: world.ca.root, ...pair(world.client), ALPNProtocols: ['spdy/3'] })
  const [error] = await once(socket, 'error')
  t.match(error, { code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL' })
  t.match(world.refusals, [{ reason: 'protocol', peer: undefined }])
})

test('a client that never sends its handshake is refused for the timeout', async (t) => {
  const world = await startWorld(t, { settings: { handshakeTimeout: 20 } })
  const socket = connectTcp(world.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  await once(socket, 'close')
  t.match(world.refusals, [{ reason: 'timeout', code: 'ERR_TLS_HANDSHAKE_TIMEOUT', peer: undefined }])
})

const UNREADABLE_NAMES = {
  oid: '2.5.29.17',
  // A list of one DNS name, with an octet behind it that belongs to nothing.
  value: Buffer.from('3003820161ff', 'hex')
}
const NO_CA = { oid: '2.5.29.19', critical: true, value: Buffer.from('3000', 'hex') }

const REFUSED_CLIENTS: ReadonlyArray<readonly [title: string, issue: (ca: DevCa) => Promise<IssuedCertificate>, refusal: object]> = [
  ['a certificate that cannot be read', async (ca) => await ca.issue({ profile: 'client', extensions: [UNREADABLE_NAMES] }),
    { reason: 'unreadable', code: undefined }],
  ['a chain that is longer than a CA in it allows', async (ca) => {
    const below = await (await ca.intermediate({ pathLength: 0 })).intermediate({ pathLength: 0 })
    return await below.issue({ profile: 'client' })
  }, { reason: 'bad_chain', code: 'PATH_LENGTH_EXCEEDED' }],
  ['a certificate that was issued by no CA', async (ca) => {
    return await (await ca.intermediate({ extensions: [NO_CA] })).issue({ profile: 'client' })
  }, { reason: 'wrong_purpose', code: 'INVALID_PURPOSE' }]
]

for (const [title, issue, refusal] of REFUSED_CLIENTS) {
  test(`${title} is refused`, async (t) => {
    const world = await startWorld(t)
    const { chain, key } = await issue(world.ca)
    const dialled = await dial(world, 'HTTP/1.1', { cert: chain, key })
    t.equal(await dialled.ask(), undefined)
    t.match(world.refusals, [refusal])
    await dialled.close()
  })
}

test('a client of HTTP/2 is not taken for one of HTTP/1.1 that came before it', async (t) => {
  const world = await startWorld(t, { settings: { http2: true } as any })
  const [before, after] = [await world.ca.issue({ cn: 'before' }), await world.ca.issue({ cn: 'after' })]
  // A connection without an HTTP/2 session of its own.
  t.match(await call(world, before), { status: 200, body: { cn: 'before' } })
  const session = await openSession(world, { cert: after.chain, key: after.key })
  t.match(await callSession(session), { status: 200, body: { cn: 'after' } })
  session.destroy()
})
