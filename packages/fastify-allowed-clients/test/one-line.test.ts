import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import fastifyMtls, { injectAs, withMtls } from '@peerkit/fastify-mtls'
import { parsePeerIdentity } from '@peerkit/identity'
import { listen } from '@peerkit/events'
import type { RequestJudgedMessage } from '@peerkit/events'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import type { Test } from 'tap'
import fastifyAllowedClients from '../src/index.ts'
import type { FastifyAllowedClientsOptions } from '../src/index.ts'

interface World {
  readonly app: FastifyInstance
  readonly lines: any[]
  /** Returns the status. Without a name, the client has no certificate. */
  ask (url: string, client?: { cn: string, email?: string, upn?: string }): Promise<number>
}

async function serve (t: Test, ca: DevCa, { server = {}, rules = {}, before = () => {} }: { server?: object, rules?: FastifyAllowedClientsOptions, before?: (app: FastifyInstance) => void } = {}): Promise<World> {
  const issued = await ca.issue({ cn: 'ledger', ip: '127.0.0.1' })
  const credentials = memoryCredentials({ cert: issued.chain, key: issued.key, ca: ca.root })
  const lines: any[] = []
  const stream = { write (line: string) { lines.push(JSON.parse(line)) } }
  const app = Fastify(withMtls(credentials, { logger: { level: 'info', stream }, mtls: { clientCertificate: 'optional' }, ...server })) as unknown as FastifyInstance
  t.teardown(async () => { await app.close() })
  before(app)
  await app.register(fastifyMtls)
  await app.register(fastifyAllowedClients, rules)
  app.get('/billing', { config: { allowedClients: [{ cn: 'billing' }] } }, async ({ log }) => {
    log.warn('in the handler')
    return 'x'
  })
  app.get('/mail', { config: { allowedClients: [{ email: 'a@example.org', upn: 'a@corp.example', cn: 'alice', otherName: { oid: '1.3.6.1.4.1.311.20.2.3', value: 'a@corp.example' } }] } }, async () => 'x')
  app.get('/later', { config: { allowedClients: [async () => await new Promise<boolean>((resolve) => { setImmediate(resolve, false) })] } }, async () => 'x')
  const ask: World['ask'] = async (url, client) => {
    const peer = client === undefined ? null : parsePeerIdentity((await ca.issue({ ...client, profile: 'client' })).der)
    const { statusCode } = await injectAs(app, peer, url)
    return statusCode
  }
  return { app, lines, ask }
}

test('a denial is one line without a stack, from either plugin', async (t) => {
  const ca = await createDevCa()
  const { lines, ask } = await serve(t, ca)
  lines.splice(0)
  t.equal(await ask('/billing?token=hush', { cn: 'ops' }), 403)
  t.match(lines, [{ level: 40, msg: 'client denied', reason: 'no_match', statusCode: 403, peer: /CN=ops/, method: 'GET', path: '/billing', nearest: { failed: [{ key: 'cn', found: ['ops'] }] } }])
  t.equal(lines.length, 1)
  lines.splice(0)
  t.equal(await ask('/billing'), 401)
  t.match(lines, [{ msg: 'client denied', reason: 'no_identity', statusCode: 401, route: '/billing' }])
  t.equal(lines.length, 1)
  lines.splice(0)
  t.equal(await ask('/nowhere', { cn: 'ops' }), 403)
  t.match(lines.at(-1), { msg: 'client denied', path: '/nowhere' })
  t.equal(lines.length, 1)
  t.notMatch(JSON.stringify(lines), /stack|hush/)
})

test('a denial that takes time has no stack and no lines about the reply', async (t) => {
  const { lines, ask } = await serve(t, await createDevCa())
  lines.splice(0)
  t.equal(await ask('/later', { cn: 'ops' }), 403)
  t.same(lines.map(({ msg }) => msg), ['incoming request', 'client denied'])
  t.notMatch(JSON.stringify(lines), /stack/)
})

test('a request that is allowed has the lines of Fastify, in order', async (t) => {
  const { lines, ask } = await serve(t, await createDevCa())
  lines.splice(0)
  t.equal(await ask('/billing', { cn: 'billing' }), 200)
  t.same(lines.map(({ msg }) => msg), ['incoming request', 'in the handler', 'request completed'])
  t.match(lines[0], { req: { method: 'GET', url: '/billing' } })
})

test('an error of the app keeps its stack, and a handler of errors gets a denial as before', async (t) => {
  const { app, lines, ask } = await serve(t, await createDevCa(), {
    before: (app) => {
      app.setErrorHandler((error: Error & { code?: string, statusCode?: number }, _request, reply) => reply.code(error.statusCode ?? 500).send({ mine: error.code, stack: error.stack }))
    }
  })
  lines.splice(0)
  const response = await injectAs(app, null, '/billing')
  t.same(response.json(), { mine: 'MTLS_ERR_PEER_MISSING', stack: 'PeerMissingError: A client certificate is required' })
  t.equal(lines.length, 1)
  t.equal(await ask('/billing', { cn: 'ops' }), 403)
})

test('a logger that is not pino, and one of the app for each request, work as before', async (t) => {
  const ca = await createDevCa()
  class Own {
    #lines: string[] = []
    level = 'info'
    get lines (): string[] { return this.#lines }
    #write (text: unknown, ...rest: unknown[]): void { this.#lines.push(String(rest[0] ?? text)) }
    info (...line: [unknown, ...unknown[]]): void { this.#write(...line) }
    warn (...line: [unknown, ...unknown[]]): void { this.#write(...line) }
    error (...line: [unknown, ...unknown[]]): void { this.#write(...line) }
    debug (): void {}
    trace (): void {}
    fatal (): void {}
    silent (): void {}
    child (): this { return this }
  }
  const own = new Own()
  const foreign = await serve(t, ca, { server: { logger: undefined, loggerInstance: own } })
  own.lines.splice(0)
  t.equal(await foreign.ask('/billing', { cn: 'ops' }), 403)
  t.ok(own.lines.includes('client denied'))
  t.ok(own.lines.includes('request completed'), 'the lines of Fastify')
  const labelled = await serve(t, ca, { before: (app) => { app.setChildLoggerFactory((logger, bindings, opts) => logger.child({ ...bindings, mine: true }, opts)) } })
  labelled.lines.splice(0)
  t.equal(await labelled.ask('/billing', { cn: 'ops' }), 403)
  t.match(labelled.lines, [{ mine: true, msg: 'client denied' }])
  t.equal(labelled.lines.length, 1)
  const quiet = await serve(t, ca, { server: { logger: false } })
  t.equal(await quiet.ask('/billing', { cn: 'ops' }), 403)
})

test('values of the certificate are stated as redactFound says, in the line and in the event', async (t) => {
  const ca = await createDevCa()
  const client = { cn: 'bob', email: 'bob@example.org', upn: 'bob@example.org' }
  const cases: Array<[FastifyAllowedClientsOptions['redactFound'], string, string]> = [
    [undefined, '[redacted]', 'bob'], ['email', '[redacted]', 'bob'], ['none', 'bob@example.org', 'bob'], ['all', '[redacted]', '[redacted]']
  ]
  for (const [redactFound, email, cn] of cases) {
    const messages: RequestJudgedMessage[] = []
    const stop = listen({ 'peerkit:request:denied': (message) => { messages.push(message) } })
    const { lines, ask } = await serve(t, ca, { rules: redactFound === undefined ? {} : { redactFound } })
    t.equal(await ask('/mail', client), 403)
    stop()
    const line = lines.find(({ msg }) => msg === 'client denied')
    for (const { nearest } of [line, messages[0]]) {
      const found = Object.fromEntries(nearest.failed.map((one: { key: string, found: string[] }) => [one.key, one.found]))
      const otherName = redactFound === 'none' ? `1.3.6.1.4.1.311.20.2.3 text ${email}` : email
      t.same(found, { email: [email], upn: [email], cn: [cn], otherName: [otherName] }, redactFound ?? 'default')
    }
    t.match(line.peer, 'bob', 'the identity stays')
  }
  await t.rejects(serve(t, ca, { rules: { redactFound: true as never } }), { code: 'MTLS_ERR_ALLOWED_CLIENTS_OPTION', message: /redactFound is true; expected "all", "email" or "none"/ })
})
