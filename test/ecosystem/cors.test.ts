// @fastify/cors in an app of ours: browsers send no certificate with a preflight.
import cors from '@fastify/cors'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import https from 'node:https'
import { test } from 'tap'
import type { Test } from 'tap'

interface Answer { readonly status: number, readonly headers: IncomingHttpHeaders, readonly text: string }

interface World {
  readonly app: FastifyInstance
  readonly lines: any[]
  ask (method: string, path: string, headers?: Record<string, string>, cn?: string): Promise<Answer>
}

const ORIGIN = 'https://ui.example'
const PREFLIGHT = { origin: ORIGIN, 'access-control-request-method': 'PUT' }

interface Options { corsPreflights?: boolean, guarded?: boolean, before?: (app: FastifyInstance) => unknown, origin?: any }

async function serve (t: Test, { corsPreflights = true, guarded = true, before = () => {}, origin = ORIGIN }: Options = {}): Promise<World> {
  const ca = await createDevCa()
  const { chain, key } = await ca.issue({ cn: 'ledger', ip: '127.0.0.1' })
  const credentials = memoryCredentials({ cert: chain, key, ca: ca.root })
  const lines: any[] = []
  const stream = { write (line: string) { lines.push(JSON.parse(line)) } }
  const app = Fastify(withMtls(credentials, { logger: { level: 'warn', stream }, mtls: { clientCertificate: 'optional' } })) as unknown as FastifyInstance
  t.teardown(async () => { await app.close() })
  await app.register(fastifyMtls, { corsPreflights })
  if (guarded) await app.register(fastifyAllowedClients)
  await before(app)
  await app.register(cors, { origin, methods: ['GET', 'PUT'], credentials: true })
  const config = guarded ? { allowedClients: [{ cn: 'alice' }] } : {}
  app.put('/x', { config }, async () => 'secret')
  app.options('/own', { config }, async () => 'secret')
  app.options('/ruled/*', { config }, async () => 'secret')
  app.route({ method: ['GET', 'OPTIONS'], url: '/several/*', handler: async () => 'secret' })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    app,
    lines,
    async ask (method, path, headers = {}, cn) {
      const client = cn === undefined ? undefined : await ca.issue({ cn, profile: 'client' })
      const [response] = await once(https.request(app.listeningOrigin + path, {
        method, headers, ca: ca.root, agent: false, ...(client !== undefined && { cert: client.chain, key: client.key })
      }).end(), 'response')
      let text = ''
      for await (const part of response) text += String(part)
      return { status: response.statusCode, headers: response.headers, text }
    }
  }
}

test('a preflight is answered without a certificate, and the request itself is guarded', async (t) => {
  const { ask, lines } = await serve(t)
  const preflight = await ask('OPTIONS', '/x', PREFLIGHT)
  t.match(preflight, { status: 204, text: '', headers: { 'access-control-allow-origin': ORIGIN, 'access-control-allow-methods': 'GET, PUT' } })
  t.equal((await ask('PUT', '/x', { origin: ORIGIN })).status, 401)
  t.equal((await ask('PUT', '/x', { ...PREFLIGHT }, 'bob')).status, 403)
  t.match(await ask('PUT', '/x', { origin: ORIGIN }, 'alice'), { status: 200, text: 'secret', headers: { 'access-control-allow-origin': ORIGIN } })
  t.notOk(lines.some(({ routes }) => JSON.stringify(routes ?? '').includes('OPTIONS *')), 'no warning about the route of @fastify/cors')
})

test('a preflight reveals nothing else', async (t) => {
  const { ask } = await serve(t)
  const shown = ({ status, text, headers: { date, ...headers } }: Answer): object => ({ status, text, headers })
  t.same(shown(await ask('OPTIONS', '/nowhere', PREFLIGHT)), shown(await ask('OPTIONS', '/x', PREFLIGHT)), 'whether the route exists')
  for (const [method, path, headers] of [
    ['OPTIONS', '/x', {}],
    ['OPTIONS', '/x', { origin: ORIGIN }],
    ['OPTIONS', '/x', { 'access-control-request-method': 'PUT' }],
    ['OPTIONS', '/own', PREFLIGHT],
    ['OPTIONS', '/ruled/x', PREFLIGHT],
    ['OPTIONS', '/several/x', PREFLIGHT],
    ['GET', '/x', PREFLIGHT],
    ['HEAD', '/x', PREFLIGHT],
    ['PUT', '/x', { ...PREFLIGHT, 'x-http-method-override': 'OPTIONS' }]
  ] as Array<[string, string, Record<string, string>]>) {
    const { status, text } = await ask(method, path, headers)
    t.equal(status, 401, `${method} ${path} ${Object.keys(headers).join()}`)
    t.notMatch(text, 'secret')
  }
})

test('without the option, and without @fastify/cors, nothing is open', async (t) => {
  const closed = await serve(t, { corsPreflights: false })
  t.equal((await closed.ask('OPTIONS', '/x', PREFLIGHT)).status, 401)
  const ca = await createDevCa()
  const { chain, key } = await ca.issue({ cn: 'ledger', ip: '127.0.0.1' })
  const app = Fastify(withMtls(memoryCredentials({ cert: chain, key, ca: ca.root }), { mtls: { clientCertificate: 'optional' } }))
  await app.register(fastifyMtls, { corsPreflights: true })
  app.options('*', async () => 'secret')
  await t.rejects(async () => { await app.inject({ method: 'OPTIONS', url: '/x', headers: PREFLIGHT }) }, { code: 'MTLS_ERR_SERVER_OPTION', message: /no route OPTIONS \* of @fastify\/cors/ })
  await app.close()
  const wrong = Fastify(withMtls(memoryCredentials({ cert: chain, key, ca: ca.root })))
  await t.rejects(async () => await wrong.register(fastifyMtls, { corsPreflights: 'yes' as never }), { code: 'MTLS_ERR_SERVER_OPTION', message: /corsPreflights/ })
})

test('an origin that is not allowed learns nothing', async (t) => {
  const { ask } = await serve(t, { origin: (_origin: string, done: (error: null, allowed: boolean) => void) => { done(null, false) } })
  const { status, headers } = await ask('OPTIONS', '/x', PREFLIGHT)
  t.equal(status, 401)
  t.equal(headers['access-control-allow-origin'], undefined)
  t.equal((await ask('OPTIONS', '/nowhere', PREFLIGHT)).status, 401)
})

test('the rules of a scope around all routes do not apply to preflights, and an app without rules answers them too', async (t) => {
  const scoped = await serve(t, { before: (app) => { app.mtls.allow([{ cn: 'alice' }]) } })
  t.equal((await scoped.ask('OPTIONS', '/x', PREFLIGHT)).status, 204)
  t.equal((await scoped.ask('PUT', '/x', {}, 'bob')).status, 403)
  const open = await serve(t, { guarded: false })
  t.equal((await open.ask('OPTIONS', '/x', PREFLIGHT)).status, 204)
  t.equal((await open.ask('PUT', '/x', { origin: ORIGIN })).status, 401)
})

test('what @fastify/cors does not answer reaches no handler of the app', async (t) => {
  const reached: string[] = []
  const before = async (app: FastifyInstance): Promise<void> => {
    await app.register(async (scope) => {
      scope.mtls.allow({ cn: 'alice' })
      scope.all('/*', async (request) => { reached.push(request.url); return 'secret' })
    }, { prefix: '/api' })
  }
  for (const origin of [ORIGIN, false, (asked: string, done: any) => { done(null, asked === ORIGIN) }]) {
    const { ask } = await serve(t, { before, origin })
    for (const path of ['/api/payroll', '/elsewhere']) {
      for (const from of ['https://evil.example', ORIGIN]) {
        const { status, text } = await ask('OPTIONS', path, { ...PREFLIGHT, origin: from })
        t.ok(status === 204 || status === 401, `${path} from ${from}: ${status}`)
        t.notMatch(text, /secret/)
        const known = await ask('OPTIONS', path, { ...PREFLIGHT, origin: from }, 'mallory')
        t.ok([204, 403, 404].includes(known.status), `mallory ${path} from ${from}: ${known.status}`)
      }
    }
  }
  t.same(reached, [])
})
