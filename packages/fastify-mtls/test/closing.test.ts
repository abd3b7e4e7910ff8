import { once } from 'node:events'
import { connect as connectPlainly } from 'node:net'
import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { test } from 'tap'
import type { RevocationStatus } from '@peerkit/revocation'
import { isSoon } from '@peerkit/test-support/turns'
import { dial } from './support/dial.ts'
import type { Protocol } from './support/dial.ts'
import { GOOD, stubChecker } from './support/watched.ts'
import { callRaw, startWorld } from './support/world.ts'

/** Longer than a test may take: what is closed only with drainTimeout keeps `app.close()` waiting. */
const NEVER = 600_000

for (const protocol of ['HTTP/1.1', 'HTTP/2'] satisfies Protocol[]) {
  test(`${protocol}: a connection that is accepted after the server began to close does not keep it open`, async (t) => {
    const asked = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<RevocationStatus>()
    const revocation = stubChecker(() => {
      asked.resolve()
      return answer.promise
    })
    const world = await startWorld(t, { settings: { revocation, http2: protocol === 'HTTP/2', drainTimeout: NEVER } })
    const dialled = await dial(world, protocol, { cert: world.client.chain, key: world.client.key })
    await asked.promise
    const closed = world.app.close()
    // Until the server has begun to close, a connection is one like any other, and Node waits for its request.
    while (world.app.server.listening) await setImmediate()
    answer.resolve(GOOD)
    t.ok(await isSoon(() => dialled.socket.closed), 'it is closed at once')
    await dialled.close()
    await closed
    t.strictSame(world.refusals, [], 'it was not refused for its certificate')
  })
}

test('connections that have closed are forgotten, with and without a handshake', async (t) => {
  for (const http2 of [false, true]) {
    const world = await startWorld(t, { settings: { http2, drainTimeout: 1 } })
    const raws: Socket[] = []
    world.app.server.on('connection', (raw: Socket) => { raws.push(raw) })
    const pair = { cert: world.client.chain, key: world.client.key }
    t.match(await callRaw(world, pair), { status: 200 })
    t.match(await callRaw(world, undefined), { status: undefined }, 'refused')
    const early = connectPlainly(world.port, '127.0.0.1')
    await once(early, 'connect')
    early.resetAndDestroy()
    t.ok(await isSoon(() => raws.length === 3 && raws.every(({ closed }) => closed)))
    // Nothing but the end of the app closes this one.
    const idle = connect({ host: '127.0.0.1', port: world.port, ca: world.ca.root, ...pair })
    idle.on('error', () => {})
    await once(idle, 'secureConnect')
    const destroyed = raws.map((raw) => t.capture(raw, 'destroy', raw.destroy))
    await world.app.close()
    t.same(destroyed.map((calls) => calls().length > 0), [false, false, false, true], `http2 ${http2}: closing the app touches the open one alone`)
  }
})

test('the end of drainTimeout ends connections of every state, and the process goes on', async (t) => {
  // Node 24 ended the process (SIGSEGV) when it was asked about a TLS socket whose raw socket had been destroyed.
  for (let round = 0; round < 10; round++) {
    const http2 = round % 2 === 0
    const world = await startWorld(t, { settings: { http2, drainTimeout: 1 } })
    const asked: unknown[] = []
    world.app.server.on('tlsClientError', (_error: Error, socket: TLSSocket) => { asked.push(socket.getProtocol()) })
    const silent = connectPlainly(world.port, '127.0.0.1').on('error', () => {})
    const early = connectPlainly(world.port, '127.0.0.1')
    await Promise.all([once(silent, 'connect'), once(early, 'connect')])
    early.resetAndDestroy()
    const idle = connect({
      host: '127.0.0.1', port: world.port, ca: world.ca.root, cert: world.client.chain, key: world.client.key
    })
    idle.on('error', () => {})
    await once(idle, 'secureConnect')
    // A connection may end with a reset, at which `once` would throw.
    const ended = Promise.all([silent, idle].map(async (socket) => {
      await new Promise((resolve) => socket.once('close', resolve))
    }))
    await world.app.close()
    await ended
    t.ok(asked.length > 0, `http2 ${http2}: a handshake was broken off`)
  }
})

test('a connection without a handshake that the closing app ends is reported, and does not end the process', async (t) => {
  const world = await startWorld(t, { settings: { drainTimeout: 1 } })
  const taken = once(world.app.server, 'connection')
  const idle = connectPlainly(world.port, '127.0.0.1')
  await taken
  const ended = once(idle, 'close')
  await world.app.close()
  await ended
  t.ok(await isSoon(() => world.refusals.length > 0))
  t.match(world.refusals, [{ reason: 'protocol', code: 'ECONNRESET', protocol: undefined }])
})
