import { memoryCredentials } from '@peerkit/credentials'
import type { MemoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import Fastify from 'fastify'
import { test } from 'tap'
import fastifyMtls, { mtlsServerOptions, withMtls } from '../src/index.ts'

const ca = await createDevCa()
const { chain, key } = await ca.issue({ cn: 'ledger', ip: '127.0.0.1' })
const load = (): MemoryCredentials => memoryCredentials({ cert: chain, key, ca: ca.root })
const code = 'MTLS_ERR_SERVER_OPTION'

test('options of withMtls that would have no effect, or fail later, are refused with their names', (t) => {
  const wrong: Array<[object, RegExp]> = [
    [{ mtls: { allowHTTP1: false } }, /mtls\.allowHTTP1 is false, but http2 is not true.*expected withMtls\(credentials, \{ http2: true, mtls: \{ allowHTTP1: false \} \}\)/],
    [{ mtls: { ciphers: 'NOPE' } }, /mtls\.ciphers is "NOPE"; expected a cipher list that OpenSSL knows \(it says: no cipher match\)/],
    [{ mtls: { ticketSecret: Buffer.alloc(3) } }, /mtls\.ticketSecret is 3 bytes; expected a Buffer of at least 32 bytes/],
    [{ mtls: { requestCert: true } }, /unknown option "requestCert" for mtls; expected one of allowHTTP1, clientCertificate/],
    [{ allowedClients: 'billing' }, /found allowedClients among Fastify's options, where it has no effect; expected it on a route, config: \{ allowedClients: … \}/],
    [{ groups: {} }, /found groups .* expected it on the plugin: app\.register\(fastifyAllowedClients, \{ groups: … \}\)/],
    [{ closeCredentials: true }, /found closeCredentials .* expected it on the plugin: app\.register\(fastifyMtls, \{ closeCredentials: … \}\)/]
  ]
  for (const [options, message] of wrong) t.throws(() => withMtls(load(), options as never), { code, message })
  t.throws(() => mtlsServerOptions(load(), { ciphers: 'NOPE' }), { code, message: /option: ciphers is "NOPE"/ })
  t.end()
})

test('a source in place of the options of the plugin is refused', async (t) => {
  const credentials = load()
  const app = Fastify(withMtls(credentials))
  await t.rejects(async () => { await app.register(fastifyMtls, credentials as never) }, { code, message: /found a source of credentials or trust in place of options; expected the credentials in withMtls/ })
})

test('corsPreflights is refused where no preflight can arrive, and where nothing answers it', async (t) => {
  const required = Fastify(withMtls(load()))
  await required.register(fastifyMtls, { corsPreflights: true })
  await t.rejects(async () => { await required.ready() }, { code, message: /corsPreflights is true, but the server refuses clients without a certificate.*clientCertificate: 'optional'/ })
  const without = Fastify(withMtls(load(), { mtls: { clientCertificate: 'optional' } }))
  await without.register(fastifyMtls, { corsPreflights: true })
  without.options('/own', async () => 'x')
  await t.rejects(async () => { await without.ready() }, { code, message: /corsPreflights is true, but the app has no route OPTIONS \* of @fastify\/cors; expected await app\.register\(cors/ })
  const scoped = Fastify(withMtls(load(), { mtls: { clientCertificate: 'optional' } }))
  t.teardown(async () => { await scoped.close() })
  await scoped.register(fastifyMtls, { corsPreflights: true })
  await scoped.register(async (scope) => {
    scope.decorateRequest('corsPreflightEnabled', false)
    scope.options('/*', async () => 'x')
  }, { prefix: '/api' })
  await scoped.ready()
  t.pass('that of a part of the app is enough')
})
