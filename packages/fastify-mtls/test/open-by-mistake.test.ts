import { memoryCredentials } from '@peerkit/credentials'
import type { MemoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import fastifyMtls, { mtlsServerOptions, withMtls } from '../src/index.ts'
import { checkServerPurpose } from '../src/server/tls-contexts.ts'
import { call } from './support/world.ts'

const ca = await createDevCa()
const server = await ca.issue({ cn: 'ledger', dns: 'localhost', ip: '127.0.0.1' })
const client = await ca.issue({ cn: 'alice', profile: 'client' })
const load = (): MemoryCredentials => memoryCredentials({ cert: server.chain, key: server.key, ca: ca.root })
const answer = async (): Promise<string> => '"x"'
const OPTION = 'MTLS_ERR_SERVER_OPTION'
type App = FastifyInstance<any, any, any, any>
const ready = async (app: App): Promise<void> => { await app.ready() }
const listen = async (app: App): Promise<string> => await app.listen({ host: '127.0.0.1', port: 0 })

test('without a plugin the server does not listen, in either form of listen, unless gateOnly says so', async (t) => {
  for (const http2 of [false, true]) {
    for (const clientCertificate of ['required', 'optional'] as const) {
      const app = Fastify(withMtls(load(), { http2, mtls: { clientCertificate } } as never)) as unknown as App
      t.after(async () => { await app.close() })
      app.get('/', answer)
      const refused = { code: OPTION, message: /does not listen, because no plugin identifies its clients; expected await app\.register\(fastifyMtls\) .*gateOnly: true/ }
      await t.rejects(listen(app), refused)
      t.match(await new Promise((resolve) => { app.listen({ host: '127.0.0.1', port: 0 }, resolve) }), refused)
      t.equal(app.server.listening, false)
    }
  }
  const app = Fastify(withMtls(load(), { mtls: { gateOnly: true } }))
  t.after(async () => { await app.close() })
  app.get('/', answer)
  const origin = await listen(app)
  t.match(await call({ origin, ca }, client), { status: 200 })
  await t.rejects(call({ origin, ca }, undefined), { code: 'ECONNRESET' })
})

test('gateOnly is refused where it would check nothing, and beside the plugin', async (t) => {
  t.throws(() => withMtls(load(), { mtls: { gateOnly: true, clientCertificate: 'optional' } }), { code: OPTION, message: /gateOnly is true and clientCertificate is "optional"; expected "required": nothing else would check any client/ })
  t.throws(() => withMtls(load(), { mtls: { gateOnly: 'yes' as never } }), { message: /gateOnly is "yes"; expected true or false/ })
  const app = Fastify(withMtls(load(), { mtls: { gateOnly: true } }))
  await t.rejects(async () => { await app.register(fastifyMtls) }, { code: OPTION, message: /found mtls\.gateOnly on an app that registers @peerkit\/fastify-mtls/ })
})

test('rules without the plugin that enforces them keep the app from starting, wherever they stand', async (t) => {
  const effect = (key: string): { code: string, message: RegExp } => ({ code: OPTION, message: new RegExp(`GET /invoices: config\\.${key} has no effect, because @peerkit/fastify-allowed-clients is not registered`) })
  for (const mtls of [{}, { gateOnly: true }]) {
    for (const [route, key] of [[{ config: { allowedClients: 'billing' } }, 'allowedClients'], [{ allowedClients: 'billing' }, 'allowedClients'], [{ config: { allowedClientsMode: 'enforce' } }, 'allowedClientsMode']] as const) {
      const app = Fastify(withMtls(load(), { mtls }))
      if (!('gateOnly' in mtls)) await app.register(fastifyMtls)
      await app.register(async (scope) => { scope.get('/invoices', route as object, answer) })
      await t.rejects(ready(app), effect(key))
    }
  }
  const app = Fastify(withMtls(load()))
  await app.register(async (scope) => { scope.get('/', answer) }, { prefix: '/invoices', allowedClients: 'billing' })
  await app.register(fastifyMtls)
  await t.rejects(ready(app), { code: OPTION, message: /app\.register\(\) with the prefix "\/invoices" got the option allowedClients, which no route of the plugin has in its config/ })
})

test('clientCertificate is refused where it has no effect', async (t) => {
  const app = Fastify(withMtls(load(), { mtls: { clientCertificate: 'optional' } }))
  await app.register(fastifyMtls)
  for (const [route, message] of [
    [{ clientCertificate: 'required' }, /GET \/: found clientCertificate beside config; expected it inside/],
    [{ config: { clientCertificate: 'none' } }, /GET \/: config\.clientCertificate is "none"; expected "optional", which answers clients without a certificate too/],
    [{ config: { clientCertificate: 'requird' } }, /GET \/: config\.clientCertificate is "requird"; expected "required" or "optional"/],
    [{ config: { clientCert: 'required' } }, /GET \/: unknown key "clientCert" of config; did you mean "clientCertificate"\?/],
    [{ config: { clientCertifcate: 'required' } }, /unknown key "clientCertifcate" of config/]
  ] as const) t.throws(() => app.get('/', route as object, answer), { code: OPTION, message })
  await app.register(async (scope) => { scope.get('/', answer) }, { prefix: '/strict', clientCertificate: 'required' })
  await t.rejects(ready(app), { message: /the prefix "\/strict" got the option clientCertificate, which no route of the plugin has in its config; expected config\.clientCertificate on each route/ })
})

test('a route for clients without a certificate is refused on a server that requires one', async (t) => {
  const app = Fastify(withMtls(load()))
  await app.register(fastifyMtls)
  app.get('/health', { config: { clientCertificate: 'optional' } }, answer)
  await t.rejects(ready(app), { code: OPTION, message: /GET \/health; HEAD \/health: config\.clientCertificate is "optional", but the server refuses clients without a certificate in the handshake/ })
})

test('on an optional server every route is under the plugin, or says that it is for everyone', async (t) => {
  const inside = async (scope: App): Promise<void> => {
    await scope.register(fastifyMtls)
    scope.get('/in', answer)
  }
  for (const add of [
    async (app: App) => {
      await app.register(inside)
      app.get('/out', answer)
    },
    async (app: App) => {
      app.get('/out', answer)
      await app.register(inside)
    },
    async (app: App) => {
      await app.register(async (sibling) => { sibling.get('/out', answer) })
      await app.register(async (scope) => { await scope.register(inside) })
    }
  ]) {
    const app = Fastify(withMtls(load(), { mtls: { clientCertificate: 'optional' } })) as unknown as App
    await add(app)
    await t.rejects(ready(app), { code: OPTION, message: /^Invalid mTLS server option: GET \/out; HEAD \/out: no plugin identifies the clients of this route, because @peerkit\/fastify-mtls was registered in an encapsulated plugin/ })
  }
  const app = Fastify(withMtls(load(), { mtls: { clientCertificate: 'optional' } })) as unknown as App
  t.after(async () => { await app.close() })
  await app.register(inside)
  app.get('/health', { config: { clientCertificate: 'optional' } }, answer)
  const origin = await listen(app)
  t.match(await call({ origin, ca }, undefined, { path: '/health' }), { status: 200 })
  t.match(await call({ origin, ca }, undefined, { path: '/in' }), { status: 401 })
})

test('routes in plugins that were registered before ours are under it too', async (t) => {
  const app = Fastify(withMtls(load(), { mtls: { clientCertificate: 'optional' } }))
  t.after(async () => { await app.close() })
  await app.register(async (early) => { early.get('/early', answer) })
  await app.register(fastifyMtls)
  const origin = await listen(app)
  t.match(await call({ origin, ca }, undefined, { path: '/early' }), { status: 401 })
})

test('behind a gateway, routes outside of the scope of the plugin are named in the log', async (t) => {
  const lines: any[] = []
  const app = Fastify({ logger: { level: 'warn', stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } } })
  t.after(async () => { await app.close() })
  await app.register(async (scope) => {
    await scope.register(fastifyMtls, { forwarded: { format: 'rfc9440', gateways: { addresses: ['127.0.0.1'] } } })
    scope.get('/in', answer)
  })
  for (let index = 0; index < 2; index++) app.get(`/out/${index}`, answer)
  await app.ready()
  t.match(lines, [{ routes: ['GET /out/0', 'HEAD /out/0', 'GET /out/1', 'HEAD /out/1'], msg: /these routes answer everyone/ }])
})

test('an error names at most five routes', async (t) => {
  const app = Fastify(withMtls(load()))
  await app.register(fastifyMtls)
  for (let index = 0; index < 6; index++) app.get(`/${index}`, { exposeHeadRoute: false, config: { clientCertificate: 'optional' } }, answer)
  await t.rejects(ready(app), { message: /GET \/4 and 1 more: / })
})

test('a certificate that is for clients only is no certificate of a server', async (t) => {
  const credentials = memoryCredentials({ cert: client.chain, key: client.key, ca: ca.root })
  const message = /the certificate CN=alice.* is not for servers: its extended key usage has no serverAuth.*--profile server, or --profile both/
  t.throws(() => withMtls(credentials), { code: OPTION, message })
  t.throws(() => mtlsServerOptions(credentials), { code: OPTION, message })
  t.doesNotThrow(() => { checkServerPurpose({ extendedKeyUsage: ['2.5.29.37.0'] } as never) })
})

test('an app without a plugin releases its credentials when it closes', async (t) => {
  const credentials = load()
  let subscribed = 0
  const { subscribe } = credentials
  credentials.subscribe = ((listener: never) => {
    subscribed += 1
    const end = subscribe.call(credentials, listener)
    return () => {
      subscribed -= 1
      end()
    }
  }) as never
  const app = Fastify(withMtls(credentials))
  t.not(subscribed, 0)
  await app.close()
  t.equal(subscribed, 0)
})

test('unknown options name the function that was called', async (t) => {
  t.throws(() => withMtls(load(), { mtls: { nonsense: 1 } as never }), { message: /unknown option "nonsense" for mtls;/ })
  t.throws(() => mtlsServerOptions(load(), { nonsense: 1 } as never), { message: /unknown option "nonsense" for mtlsServerOptions/ })
})

test('an app whose creation Fastify does not publish is watched from the registration on', async (t) => {
  const { channel } = await import('node:diagnostics_channel')
  const options = withMtls(load(), { mtls: { clientCertificate: 'optional' } })
  const app = Fastify({
    ...options,
    serverFactory: (handler: never, given: never) => {
      const made = (options as any).serverFactory(handler, given)
      // Another app is published first: this one is not recognized.
      channel('fastify.initialization').publish({ fastify: { server: {} } })
      return made
    }
  } as never) as unknown as App
  t.after(async () => { await app.close() })
  await app.register(async (scope) => { await scope.register(fastifyMtls) })
  app.get('/out', answer)
  await t.rejects(ready(app), { code: OPTION, message: /GET \/out; HEAD \/out: no plugin identifies the clients/ })
})
