import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { memoryCredentials } from '@peerkit/credentials'
import fastifyMtls, { injectAs, mtlsServerOptions } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import fastifyAllowedClients from '../src/index.ts'

const ca = await createDevCa()
const server = await ca.issue({ cn: 'server', dns: 'localhost' })
const billing = parsePeerIdentity((await ca.issue({ cn: 'b', ou: 'billing' })).der)
const ops = parsePeerIdentity((await ca.issue({ cn: 'o', ou: 'ops' })).der)

test('guards', async (t) => {
  const credentials = memoryCredentials({ cert: server.chain, key: server.key, ca: ca.root })
  const app = Fastify(mtlsServerOptions(credentials))
  await app.register(fastifyMtls, { credentials })
  await app.register(fastifyAllowedClients, { clients: { billing: { ou: 'billing' } } })
  app.get('/a', { config: { allowedClients: ['billing'] } }, async (request) => request.peer.subject?.commonName)
  app.get('/unruled', async () => 'x')
  await app.register(async (scope) => {
    scope.allowClients({ rules: [{ ou: 'ops' }] })
    scope.get('/', async () => 'in')
    scope.get('/both', { config: { allowedClients: ['billing'] } }, async () => 'in')
  }, { prefix: '/admin' })
  const status = async (peer: any, url: string, method = 'GET'): Promise<number> => (await injectAs(app, peer, { url, method: method as any })).statusCode
  t.equal(await status(billing, '/a'), 200)
  t.equal(await status(billing, '/a', 'HEAD'), 200)
  t.equal(await status(ops, '/a', 'HEAD'), 403)
  t.equal(await status(ops, '/a'), 403)
  t.equal(await status(null, '/a'), 401)
  t.equal(await status(billing, '/unruled'), 403)
  t.equal(await status(billing, '/nowhere'), 403)
  t.equal(await status(ops, '/admin/'), 200)
  t.equal(await status(billing, '/admin/'), 403)
  t.equal(await status(ops, '/admin/both'), 403)
  t.equal(app.printAllowedClients(), '')
})
