import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import Fastify from 'fastify'
import { test } from 'tap'
import fastifyMtls, { withMtls } from '../src/index.ts'

const ca = await createDevCa()
const { chain, key } = await ca.issue({ cn: 'ledger', ip: '127.0.0.1' })
const make = (): ReturnType<typeof withMtls> => withMtls(memoryCredentials({ cert: chain, key, ca: ca.root }))

test('what fastify-allowed-clients would add says that it is missing', async (t) => {
  const app = Fastify(make())
  t.teardown(async () => { await app.close() })
  await app.register(fastifyMtls, { closeCredentials: true })
  for (const name of ['allow', 'setMode', 'routes', 'printRoutes', 'evaluate', 'reload']) {
    t.throws(() => { (app.mtls as any)[name]('billing') }, { code: 'MTLS_ERR_SERVER_OPTION', message: new RegExp(`app\\.mtls\\.${name}\\(\\) was called, but @peerkit/fastify-allowed-clients is not registered yet; expected await app\\.register\\(fastifyAllowedClients\\)`) })
  }
})

test('the plugin is registered once, inside and outside of other plugins', async (t) => {
  const again = { code: 'MTLS_ERR_SERVER_OPTION', message: /was registered where a plugin identifies the clients already.*expected one registration on the root instance/ }
  const app = Fastify(make())
  await app.register(fastifyMtls)
  await t.rejects(async () => { await app.register(fastifyMtls) }, again)
  const nested = Fastify(make())
  await nested.register(fastifyMtls)
  await t.rejects(async () => { await nested.register(async (scope) => { await scope.register(fastifyMtls) }) }, again)
})
