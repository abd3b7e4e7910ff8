// A gateway sends requests of many clients on one connection, each of which may ask for an upgrade.
import t, { test } from 'tap'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listen } from '@peerkit/events'
import type { RequestJudgedMessage } from '@peerkit/events'
import { isSoon } from '@peerkit/test-support/turns'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import fastifyAllowedClients from '../src/index.ts'
import { withPlaces } from './support/app.ts'
import { bareApp, identifier } from './support/identified-app.ts'
import { billing, ops } from './support/people.ts'

const directory = await mkdtemp(join(tmpdir(), 'peerkit-upgrades-'))
t.teardown(async () => { await rm(directory, { recursive: true }) })
let count = 0

interface Behind {
  readonly app: FastifyInstance
  /** The denials so far. */
  readonly denials: RequestJudgedMessage[]
  /** Brings rules into force that allow these units. */
  reload (...units: readonly string[]): Promise<void>
  /** Opens a connection of a gateway. */
  open (): Promise<Gateway>
}

interface Gateway {
  readonly socket: Socket
  readonly isEnded: () => boolean
  /** Asks for a WebSocket in the name of a client, and returns the first line of the answer. */
  ask (client: string): Promise<string | undefined>
}

/** An app behind a gateway, whose route answers without an upgrade. */
async function behind (t: Test, ...units: readonly string[]): Promise<Behind> {
  const file = join(directory, `rules-${++count}.json`)
  const write = async (allowed: readonly string[]): Promise<void> => {
    await writeFile(file, JSON.stringify({ defaultRules: allowed.map((ou) => ({ ou })) }))
  }
  await write(units)
  const app = bareApp()
  t.teardown(async () => { await app.close() })
  await app.register(identifier(true, { billing, ops }))
  await app.register(fastifyAllowedClients, withPlaces({ file, watch: false }))
  app.get('/', async () => 'x')
  const denials: RequestJudgedMessage[] = []
  t.teardown(listen({ 'peerkit:request:denied': (message) => { denials.push(message) } }))
  return {
    app,
    denials,
    reload: async (...allowed) => {
      await write(allowed)
      await app.mtls.reload()
    },
    open: async () => {
      if (!app.server.listening) await app.listen({ host: '127.0.0.1', port: 0 })
      return await openGateway(t, (app.server.address() as AddressInfo).port)
    }
  }
}

async function openGateway (t: Test, port: number): Promise<Gateway> {
  const socket = connect({ port, host: '127.0.0.1' })
  t.teardown(() => { socket.destroy() })
  socket.on('error', () => {})
  await once(socket, 'connect')
  let received = ''
  let isEnded = false
  socket.on('data', (chunk) => { received += String(chunk) })
  for (const event of ['end', 'close']) socket.once(event, () => { isEnded = true })
  return {
    socket,
    isEnded: () => isEnded,
    ask: async (client) => {
      received = ''
      socket.write(`GET / HTTP/1.1\r\nHost: x\r\nX-Test-Peer: ${client}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n`)
      await isSoon(() => isEnded || received.includes('\r\n\r\n'))
      return received.split('\r\n')[0]
    }
  }
}

test('of the requests for an upgrade on one connection the last one alone is checked again', async (t) => {
  const { app, denials, reload, open } = await behind(t, 'billing', 'ops')
  const { ask, isEnded } = await open()
  for (const client of ['billing', 'ops', 'billing', 'ops', 'billing']) t.equal(await ask(client), 'HTTP/1.1 200 OK', client)
  await reload('billing')
  t.equal(await ask('billing'), 'HTTP/1.1 200 OK', 'the client of an earlier request closes nothing')
  t.same(denials, [])
  await reload('finance')
  t.ok(await isSoon(isEnded), 'the client of the last one closes the connection')
  t.match(denials, [{ reason: 'rules_changed', peer: { commonName: 'b' } }])
  t.equal(app.mtls.rulesVersion, 3)
})

test('a denied request for an upgrade gets its answer, whatever rules come meanwhile', async (t) => {
  const { app, denials, reload, open } = await behind(t, 'billing')
  app.addHook('onSend', async ({ headers }) => { if (headers['x-test-peer'] === 'ops') await reload('finance') })
  const { ask, isEnded } = await open()
  t.equal(await ask('ops'), 'HTTP/1.1 403 Forbidden')
  t.equal(app.mtls.rulesVersion, 2, 'rules were reloaded before the answer')
  t.ok(await isSoon(isEnded), 'and the connection is closed after it')
  t.match(denials, [{ reason: 'no_match' }], 'there is one denial')
})
