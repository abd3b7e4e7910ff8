import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTcp, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { connect } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { dial } from './support/dial.ts'
import type { Protocol } from './support/dial.ts'
import { pair, startWorld } from './support/world.ts'
import type { World } from './support/world.ts'

/** A wire to the server whose client side stops at a moment of our choosing. */
async function stretch (t: any, port: number): Promise<{ readonly port: number, hold (): void, release (): void, readonly held: Promise<void> }> {
  let holding = false
  let waiting: Array<() => void> = []
  let announce = (): void => {}
  const held = new Promise<void>((resolve) => { announce = resolve })
  const between = createServer((client: Socket) => {
    const server = connectTcp(port, '127.0.0.1')
    for (const socket of [client, server]) socket.on('error', () => {})
    server.pipe(client)
    client.on('data', (chunk) => {
      if (!holding) { server.write(chunk); return }
      waiting.push(() => { server.write(chunk) })
      announce()
    })
    client.on('close', () => { server.destroy() })
  })
  between.listen(0, '127.0.0.1')
  await once(between, 'listening')
  t.after(() => { between.close() })
  return {
    port: (between.address() as { port: number }).port,
    held,
    hold () { holding = true },
    release () {
      holding = false
      for (const write of waiting) write()
      waiting = []
    }
  }
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  for (const [how, ALPNProtocols] of [['with ALPN', ['http/1.1']], ['without ALPN', undefined]] as const) {
    test(`${version}, ${how}: a handshake that began before a CA was removed does not end in its favour`, async (t) => {
      const world = await startWorld(t)
      const intermediate = await world.ca.intermediate()
      for (const client of [world.client, await intermediate.issue({ profile: 'client' })]) {
        const wire = await stretch(t, world.port)
        const begun = once(world.app.server, 'connection')
        const options: ConnectionOptions = { host: '127.0.0.1', port: wire.port, ca: world.ca.root, ...pair(client), minVersion: version, maxVersion: version, ...(ALPNProtocols !== undefined && { ALPNProtocols: [...ALPNProtocols] }) }
        const socket = connect(options)
        socket.on('error', () => {})
        socket.on('data', () => { t.fail('answered') })
        const ended = new Promise<void>((resolve) => { socket.once('close', () => { resolve() }) })
        socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
        await begun
        // The client's first flight is through; its certificate is in the second.
        socket.once('keylog', () => { wire.hold() })
        await wire.held
        const before = world.refusals.length
        world.credentials.update({ ca: (await createDevCa({ name: 'Next' })).root })
        wire.release()
        await ended
        t.match(world.refusals.slice(before), [{ reason: /ca_removed|unknown_ca/ }])
        world.credentials.update({ ca: world.ca.root })
      }
    })
  }
}

test('a handshake that began before a CA was added ends well', async (t) => {
  const world = await startWorld(t)
  const wire = await stretch(t, world.port)
  const socket = connect({ host: '127.0.0.1', port: wire.port, ca: world.ca.root, ...pair(world.client) })
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  socket.once('keylog', () => { wire.hold() })
  await wire.held
  world.credentials.update({ ca: [world.ca.root, (await createDevCa({ name: 'Next' })).root] })
  wire.release()
  const [answer] = await once(socket, 'data')
  t.match(String(answer), /^HTTP\/1\.1 200/)
  await once(socket, 'close')
})

test('a client cannot come back with another certificate by renegotiation', async (t) => {
  const world = await startWorld(t)
  const socket = connect({ host: '127.0.0.1', port: world.port, ca: world.ca.root, ...pair(world.client), maxVersion: 'TLSv1.2' })
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => { socket.once('close', () => { resolve() }) })
  await once(socket, 'secureConnect')
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'data')
  socket.renegotiate({}, () => {})
  await closed
  t.equal(socket.destroyed, true)
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
  test(`a client ${how} whose intermediate nobody knows stays while CAs are added, and goes when its own is removed`, async (t) => {
    const { world, deep, next } = await openDeep(t, 'HTTP/1.1', options as ConnectionOptions)
    world.credentials.update({ ca: [world.ca.root, next] })
    t.equal(await deep.ask(), 200)
    world.credentials.update({ ca: next })
    t.equal(await deep.ask(), 401)
    t.match(world.ended, [{ reason: 'ca_removed' }])
    await deep.close()
  })
}

test('an intermediate that is listed among the anchors can be revoked, and falls with its root', async (t) => {
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

test('a client that speaks none of our protocols is refused by TLS itself', async (t) => {
  const world = await startWorld(t)
  const socket = connect({ host: '127.0.0.1', port: world.port, ca: world.ca.root, ...pair(world.client), ALPNProtocols: ['spdy/3'] })
  const [error] = await once(socket, 'error')
  t.match(error, { code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL' })
  t.match(world.refusals, [{ reason: 'protocol', peer: undefined }])
})

test('a handshake that never ends is a timeout', async (t) => {
  const world = await startWorld(t, { settings: { handshakeTimeout: 20 } })
  const socket = connectTcp(world.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  await once(socket, 'close')
  t.match(world.refusals, [{ reason: 'timeout', code: 'ERR_TLS_HANDSHAKE_TIMEOUT', peer: undefined }])
})

test('a certificate that cannot be read, and a chain that breaks its own rules, are refused as such', async (t) => {
  const ca = await createDevCa()
  const below = await (await ca.intermediate({ pathLength: 0 })).intermediate({ pathLength: 0 })
  const pretender = await ca.intermediate({ extensions: [{ oid: '2.5.29.19', critical: true, value: Buffer.from('3000', 'hex') }] })
  // dNSName of one octet, and an octet that belongs to nothing.
  const garbage = { oid: '2.5.29.17', value: Buffer.from('3003820161ff', 'hex') }
  const world = await startWorld(t, { ca })
  for (const [identity, reason, code] of [
    [await ca.issue({ profile: 'client', extensions: [garbage] }), 'unreadable', undefined],
    [await below.issue({ profile: 'client' }), 'bad_chain', 'PATH_LENGTH_EXCEEDED'],
    [await pretender.issue({ profile: 'client' }), 'wrong_purpose', 'INVALID_PURPOSE']
  ] as const) {
    const dialled = await dial(world, 'HTTP/1.1', { cert: identity.chain, key: identity.key })
    t.equal(await dialled.ask(), undefined, reason)
    t.match(world.refusals.at(-1), { reason, code })
    await dialled.close()
  }
})
