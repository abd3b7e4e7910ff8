import websocket from '@fastify/websocket'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { once } from 'node:events'
import { connect } from 'node:tls'
import { test } from 'tap'
import type { Test } from 'tap'
import fastifyMtls, { injectAs, withMtls } from '../src/index.ts'
import { runFirst } from '../src/request/identify-requests.ts'

const ca = await createDevCa()
const server = await ca.issue({ cn: 'ledger', dns: 'localhost', ip: '127.0.0.1' })
const alice = parsePeerIdentity((await ca.issue({ cn: 'alice', profile: 'client' })).der)

function make (t: Test, clientCertificate: 'optional' | 'required' = 'optional'): FastifyInstance {
  const credentials = memoryCredentials({ cert: server.chain, key: server.key, ca: ca.root })
  const app = Fastify(withMtls(credentials, { mtls: { clientCertificate } })) as unknown as FastifyInstance
  t.teardown(async () => { await app.close() })
  return app
}

/** A hook that answers, such as one of a cache. */
async function answer (_request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  return await reply.send('secret')
}

test('a hook that was added before the plugin answers no stranger', async (t) => {
  const inRoot = make(t)
  inRoot.addHook('onRequest', answer)
  await inRoot.register(fastifyMtls)
  inRoot.get('/x', async () => 'x')

  const inChild = make(t)
  await inChild.register(async (child) => {
    child.addHook('onRequest', answer)
    child.get('/x', async () => 'x')
    await child.register(async (grandchild) => { grandchild.get('/y', async () => 'y') })
  })
  await inChild.register(fastifyMtls)

  const inScope = make(t)
  inScope.addHook('onRequest', answer)
  await inScope.register(async (scope) => {
    await scope.register(fastifyMtls)
    scope.get('/x', async () => 'x')
  })

  for (const app of [inRoot, inChild, inScope]) {
    for (const url of app === inChild ? ['/x', '/y'] : ['/x']) {
      const { statusCode, body } = await injectAs(app, null, url)
      t.equal(statusCode, 401)
      t.notMatch(body, 'secret')
      t.equal((await injectAs(app, alice, url)).body, 'secret')
    }
  }
  t.equal((await injectAs(inRoot, null, '/nowhere')).statusCode, 401)
})

test('hooks keep their order among themselves, and all of it where no stranger connects', async (t) => {
  for (const clientCertificate of ['optional', 'required'] as const) {
    const app = make(t, clientCertificate)
    const ran: unknown[] = []
    const note = (name: string) => async ({ optionalPeer }: FastifyRequest) => {
      ran.push(`${name} ${optionalPeer?.commonName}`)
    }
    app.addHook('onRequest', note('first'))
    app.addHook('onRequest', note('second'))
    await app.register(fastifyMtls)
    app.addHook('onRequest', note('third'))
    app.get('/x', async () => 'x')
    t.equal((await injectAs(app, alice, '/x')).body, 'x')
    t.same(ran, ['first alice', 'second alice', 'third alice'])
    ran.length = 0
    t.equal((await injectAs(app, null, '/x')).statusCode, 401)
    t.equal(ran.length, clientCertificate === 'optional' ? 0 : 2)
  }
})

test('a WebSocket of a stranger is closed, with @fastify/websocket before the plugin', async (t) => {
  const app = make(t)
  await app.register(websocket)
  await app.register(fastifyMtls)
  app.register(async (scope: any) => { scope.get('/socket', { websocket: true }, () => {}) })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as { port: number }
  const socket = connect({ host: '127.0.0.1', port, ca: ca.root, ALPNProtocols: ['http/1.1'] })
  let text = ''
  socket.on('data', (chunk) => { text += String(chunk) })
  socket.write('GET /socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
  await once(socket, 'close')
  t.match(text, /^HTTP\/1\.1 401/)
})

test('does not start on a Fastify whose hooks it does not know', (t) => {
  t.throws(() => { runFirst({ version: '5.99.0' } as FastifyInstance, () => {}) }, {
    code: 'MTLS_ERR_SERVER_OPTION',
    message: /fastify 5\.99\.0 keeps its hooks in an unknown way; expected 5\.0 to 5\.12/
  })
  t.end()
})

test('injectAs says that an app has no plugin: every route would run without the peer', async (t) => {
  const error = {
    code: 'MTLS_ERR_SERVER_OPTION',
    message: /injectAs: no plugin of this app identifies clients.*expected await app\.register\(fastifyMtls\)/
  }
  const plain = Fastify()
  plain.get('/', async () => 'x')
  await t.rejects(injectAs(plain, alice, '/'), error)
  const bare = make(t)
  bare.get('/', async () => 'x')
  await t.rejects(injectAs(bare, null, '/'), error)
  const late = make(t)
  late.register(fastifyMtls)
  late.get('/', async () => 'x')
  t.equal((await injectAs(late, alice, '/')).body, 'x', 'registered, and not awaited')
})
