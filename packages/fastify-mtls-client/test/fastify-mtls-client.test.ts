import { test } from 'tap'
import { EventEmitter, once } from 'node:events'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { interceptors, MockAgent, request } from 'undici'
import type { Dispatcher } from 'undici'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { getServerIdentity } from '@peerkit/undici-mtls'
import type { MtlsAgent } from '@peerkit/undici-mtls'
import fastifyMtlsClient, { fastifyMtlsClient as named } from '../src/index.ts'
import type { Service } from '../src/index.ts'
import { LEDGER, createLedger } from '@peerkit/test-support/ledger'
import { startServer } from '@peerkit/test-support/listen'
import type { ServerSettings } from '@peerkit/test-support/listen'
import { rejection } from '@peerkit/test-support/rejection'
import { isSoon } from '@peerkit/test-support/turns'

const { ca, server, client, credentials } = await createLedger()
const allowedServers = [{ spiffe: LEDGER }]
const echo: NonNullable<ServerSettings['handler']> = (request, response) => {
  let body = ''
  request.on('data', (chunk) => { body += chunk }).on('end', () => { response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body })) })
}
const ledger = await startServer({ identity: server, handler: echo })
const { origin } = ledger

async function createApp (options: object, t?: { teardown (finish: () => Promise<void>): void }): Promise<FastifyInstance> {
  const app = Fastify()
  t?.teardown(async () => { await app.close() })
  await app.register(fastifyMtlsClient, { credentials, services: {}, ...options } as any)
  return app
}
const serviceOf = (app: FastifyInstance, name = 'ledger'): Service => app.mtlsServices[name] as Service

test('a service is called by name, at its base path, with its headers, and says who served', async (t) => {
  const app = await createApp({ services: { ledger: { origin, allowedServers, basePath: '/v1', headers: { 'X-Api': 'own', 'X-Team': 'shop' } } } }, t)
  const service = serviceOf(app)
  t.equal(named, fastifyMtlsClient)
  t.match(service, { name: 'ledger', origin })
  const response = await service.request({ method: 'POST', path: '/entries?page=2', headers: { 'x-api': 'call', accept: 'text/plain' }, body: 'entry' })
  t.equal(response.statusCode, 200)
  t.equal(getServerIdentity(response)?.spiffeId, LEDGER)
  t.match(await response.body.json(), { method: 'POST', url: '/v1/entries?page=2', body: 'entry', headers: { 'x-api': 'call', 'x-team': 'shop', accept: 'text/plain' } })
  const fetched = await service.fetch('/fetched', { headers: [['X-Api', 'fetched']] })
  t.match(await fetched.json(), { url: '/v1/fetched', headers: { 'x-api': 'fetched', 'x-team': 'shop' } })
  t.equal(getServerIdentity(fetched)?.spiffeId, LEDGER)
  for (const headers of [['x-api', 'list'], new Map([['X-API', 'list']]), { 'X-Api': 'list', 'x-none': undefined }, null]) {
    const { body } = await service.request({ path: '/', headers } as any)
    t.match(await body.json(), { method: 'GET', headers: { 'x-api': headers === null ? 'own' : 'list' } })
  }
})

test('a service says who must answer, unless the dispatcher is the caller\'s own', async (t) => {
  const app = await createApp({ services: { ledger: { origin, allowedServers }, named: { origin } } }, t)
  t.equal(serviceOf(app).expects, `SPIFFE ID is "${LEDGER}"`)
  t.match(serviceOf(app, 'named').expects, /^a certificate for /)
  const mocked = await createApp({ services: { ledger: { origin } }, dispatcher: new MockAgent() }, t)
  t.equal(serviceOf(mocked).expects, undefined)
})

test('a path that is none, or leads out of the base path, is refused before anything is sent', async (t) => {
  const app = await createApp({ services: { ledger: { origin, basePath: '/v1' }, root: { origin, basePath: '/' } } }, t)
  const before = ledger.seen.length
  for (const path of ['entries', '', '/../admin', '/%2e%2e/admin', '/x/../../admin', '/..\\admin', '/../v10/admin', '/../v1', '/../v1-internal/x', undefined]) {
    t.match(await rejection(serviceOf(app).request({ path } as any)), { code: 'MTLS_ERR_SERVICES_OPTION', message: /services\.ledger: path is/ }, String(path))
  }
  t.match(await rejection(serviceOf(app).fetch('/../admin')), { code: 'MTLS_ERR_SERVICES_OPTION' })
  t.match(await rejection(serviceOf(app, 'root').request({ path: '@evil.example/' })), { code: 'MTLS_ERR_SERVICES_OPTION' })
  t.equal(ledger.seen.length, before)
  t.match(await (await serviceOf(app, 'root').request({ path: '//double' })).body.json(), { url: '//double' })
})

test('a call without its arguments is refused by an error of the package', async (t) => {
  const app = await createApp({ services: { ledger: { origin, allowedServers } } }, t)
  const service = serviceOf(app) as any
  const before = ledger.seen.length
  const refused: Array<[Promise<unknown>, RegExp]> = [
    [service.request(), /services\.ledger\.request: the argument is missing; expected an object such as \{ path: '\/entries' \}/],
    [service.request('/entries'), /the argument is "\/entries"; expected an object such as/],
    [service.request({ path: '/', headers: 'secret' }), /services\.ledger\.request: headers is a string of 6 characters; expected headers such as/],
    [service.fetch(), /services\.ledger: path is missing; expected a path/],
    [service.fetch('/', null), /services\.ledger\.fetch: the argument is null; expected an object/],
    [service.fetch('/', { headers: 5 }), /services\.ledger\.fetch: headers is a number; expected headers/],
    [service.ready(null), /services\.ledger\.ready: the argument is null; expected an object/]
  ]
  for (const [call, message] of refused) t.match(await rejection(call), { code: 'MTLS_ERR_SERVICES_OPTION', message })
  for (const [incoming, found] of [[undefined, 'missing'], ['x', '"x"'], [null, 'null'], [{}, 'an object'], [{ headers: {} }, 'an object']]) {
    t.throws(() => service.for(incoming), { code: 'MTLS_ERR_SERVICES_OPTION', message: `Invalid services option: services.ledger.for: request is ${found as string}; expected the incoming Fastify request` })
  }
  t.equal(ledger.seen.length, before)
})

test('each service expects its own server; two may share an origin', async (t) => {
  const app = await createApp({ allowedServers: [{ cn: 'nobody' }], services: { ledger: { origin, allowedServers }, impostor: { origin, allowedServers: [{ cn: 'somebody' }] }, plain: { origin } } }, t)
  await (await serviceOf(app).request({ path: '/' })).body.dump()
  for (const name of ['impostor', 'plain']) {
    const wrong = { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', statusCode: 502, origin, reason: 'rules', found: String, expected: String }
    t.match(await rejection(serviceOf(app, name).request({ path: '/' })), wrong)
    t.match(await rejection(serviceOf(app, name).fetch('/')), wrong)
  }
  const { cause, message } = await rejection(serviceOf(app).fetch('/', { redirect: 'nowhere' } as any)) as Error
  t.match(message, /nowhere/, 'an error of fetch itself stays as it is')
  t.notOk(cause)
})

test('a call in the name of a request carries its trace and id on, and nothing else', async (t) => {
  const app = await createApp({ services: { ledger: { origin, allowedServers, headers: { 'x-request-id': 'fixed' } } }, propagateHeaders: ['Baggage'] }, t)
  app.get('/', async (incoming) => {
    const [bound, explicit] = [incoming.mtlsServices['ledger'] as Service, serviceOf(app).for(incoming)]
    t.equal(incoming.mtlsServices, incoming.mtlsServices, 'made once')
    const [one, two] = await Promise.all([bound.request({ path: '/' }), explicit.fetch('/')])
    return [incoming.id, await one.body.json(), await two.json()]
  })
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const headers = { traceparent, tracestate: 'vendor=1', baggage: 'a=b', authorization: 'Bearer secret', cookie: 'secret' }
  const first = await app.inject({ url: '/', headers })
  t.equal(first.statusCode, 200, first.body)
  const [id, ...answers] = first.json()
  for (const answer of answers) {
    t.match(answer.headers, { traceparent, tracestate: 'vendor=1', baggage: 'a=b', 'x-request-id': id })
    t.notMatch(answer.headers, { authorization: /./ })
    t.notMatch(answer.headers, { cookie: /./ })
  }
  for (const wrong of ['00-00000000000000000000000000000000-b7ad6b7169203331-01', 'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', `${traceparent}, ${traceparent}`, 'x']) {
    const [, answer] = (await app.inject({ url: '/', headers: { traceparent: wrong, tracestate: 'vendor=1' } })).json()
    t.notOk('traceparent' in answer.headers, wrong)
    t.notOk('tracestate' in answer.headers, wrong)
  }
})

test('the request id goes by the header that was asked for, or not at all', async (t) => {
  for (const requestIdHeader of ['X-Correlation', false] as const) {
    const app = await createApp({ services: { ledger: { origin, allowedServers } }, requestIdHeader }, t)
    app.get('/', async (incoming) => await (await (incoming.mtlsServices['ledger'] as Service).request({ path: '/' })).body.json())
    const { headers } = (await app.inject({ url: '/' })).json()
    t.equal(headers['x-correlation'], requestIdHeader === false ? undefined : 'req-1')
    t.equal(headers['x-request-id'], undefined)
  }
})

test('ready says who is there, or what is wrong', async (t) => {
  let status = 200
  const probed = await startServer({ identity: server, handler: (request, response) => { response.writeHead(request.url === '/v1/health' ? status : 404).end('body') } })
  const app = await createApp({ services: { ledger: { origin: probed.origin, allowedServers, basePath: '/v1', readyPath: '/health' }, wrong: { origin: probed.origin, allowedServers: [{ cn: 'x' }] }, slash: { origin: probed.origin } } }, t)
  t.teardown(async () => { await probed.close() })
  t.match(await serviceOf(app).ready(), { statusCode: 200, server: { spiffeId: LEDGER } })
  t.match(await serviceOf(app, 'slash').ready({ signal: AbortSignal.timeout(60_000) }), { statusCode: 404 }, 'it is there and takes our certificate')
  status = 503
  t.match(await rejection(serviceOf(app).ready()), { code: 'MTLS_ERR_SERVICES_NOT_READY', statusCode: 503, message: /ledger is not ready: it answered 503/ })
  t.match(await rejection(serviceOf(app, 'wrong').ready()), { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER' })
  t.match(await rejection(serviceOf(app, 'slash').ready({ signal: AbortSignal.abort() })), { name: 'AbortError' })
})

test('a route that lets an outbound error through answers with its code, and the log has its detail', async (t) => {
  const stranger = await (await createDevCa({ name: 'stranger' })).issue({ cn: 'ledger', ip: '127.0.0.1' })
  const withdrawn = await ca.issue({ cn: 'ledger', ip: '127.0.0.1' })
  ca.revoke(withdrawn)
  const listed = memoryCredentials({ cert: client.chain, key: client.key, ca: ca.root, crl: (await ca.crl()).pem })
  const untrusted = await startServer({ identity: stranger, ca: ca.root })
  const revoked = await startServer({ identity: withdrawn })
  const lines: any[] = []
  const stream = { write: (line: string) => { lines.push(JSON.parse(line)) } }
  const app = Fastify({ logger: { level: 'error', stream } })
  t.teardown(async () => { await app.close(); await untrusted.close(); await revoked.close() })
  const services = { untrusted: { origin: untrusted.origin }, revoked: { origin: revoked.origin } }
  await app.register(fastifyMtlsClient, { credentials: listed, services })
  app.get('/requested/:name', async ({ mtlsServices, params }) => {
    await (mtlsServices[(params as { name: string }).name] as Service).request({ path: '/' })
  })
  app.get('/fetched', async ({ mtlsServices }) => {
    await (mtlsServices['untrusted'] as Service).fetch('/')
  })
  const cases = [
    ['/requested/untrusted', 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED', 'unknown_ca'],
    ['/requested/revoked', 'MTLS_ERR_OUTBOUND_SERVER_REVOKED', 'revoked'],
    // Once more: what the evaluator remembers may have been marked by the logger.
    ['/requested/revoked', 'MTLS_ERR_OUTBOUND_SERVER_REVOKED', 'revoked'],
    ['/fetched', 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED', 'unknown_ca']
  ] as const
  for (const [url, code, step] of cases) {
    const response = await app.inject(url)
    t.equal(response.statusCode, 502, url)
    t.match(response.json(), { code }, url)
    t.match(lines.splice(0), [{ err: { code, detail: { step, certificate: { subject: 'CN=ledger' } } } }], url)
  }
})

test('an error that a route lets through has the status of whose fault it is', async (t) => {
  const gone = await startServer({ identity: server })
  await gone.close()
  const services = {
    ledger: { origin, allowedServers, basePath: '/v1' },
    wrong: { origin, allowedServers: [{ cn: 'nobody' }] },
    gone: { origin: gone.origin }
  }
  const retry = interceptors.retry({ maxRetries: 1, minTimeout: 1, maxTimeout: 1 })
  const decade = 10 * 365 * 86_400_000
  const calls: Record<string, (app: FastifyInstance, name: string) => Promise<unknown>> = {
    request: async (app, name) => await serviceOf(app, name).request({ path: '/' }),
    fetch: async (app, name) => await serviceOf(app, name).fetch('/'),
    ready: async (app, name) => await serviceOf(app, name).ready(),
    dispatcher: async (app, name) => {
      const { dispatcher, origin } = serviceOf(app, name)
      return await request(origin, { dispatcher })
    },
    composed: async (app, name) => {
      const { dispatcher, origin } = serviceOf(app, name)
      return await request(origin, { dispatcher: dispatcher.compose(retry) })
    }
  }
  const cases: Array<[string, object, number, string]> = [
    ['wrong', {}, 502, 'MTLS_ERR_OUTBOUND_WRONG_SERVER'],
    ['gone', {}, 502, 'MTLS_ERR_OUTBOUND_UNREACHABLE'],
    ['gone', { interceptors: [retry] }, 502, 'MTLS_ERR_OUTBOUND_UNREACHABLE'],
    ['ledger', { now: () => Date.now() + decade }, 500, 'MTLS_ERR_OUTBOUND_CREDENTIALS_EXPIRED']
  ]
  for (const [name, options, status, code] of cases) {
    const app = await createApp({ services, ...options }, t)
    for (const [by, call] of Object.entries(calls)) app.get(`/${by}`, async () => await call(app, name))
    app.get('/fetch-by-dispatcher', async () => {
      const { dispatcher, origin } = serviceOf(app, name)
      await (dispatcher as MtlsAgent).fetch(origin).catch(({ cause }) => { throw cause })
    })
    for (const by of [...Object.keys(calls), 'fetch-by-dispatcher']) {
      const response = await app.inject(`/${by}`)
      t.equal(response.statusCode, status, `${by} of ${name}`)
      t.match(response.json(), { code }, `${by} of ${name}`)
    }
  }
  const app = await createApp({ services }, t)
  app.get('/', async () => await serviceOf(app).request({ path: '/../admin' }))
  const response = await app.inject('/')
  t.equal(response.statusCode, 500)
  t.match(response.json(), { code: 'MTLS_ERR_SERVICES_OPTION' })
})

test('the plugin takes which signatures and keys count in a server\'s chain', async (t) => {
  const services = { ledger: { origin, allowedServers } }
  const app = await createApp({ services, algorithms: { curves: ['secp384r1'] } }, t)
  const error = await rejection(serviceOf(app).request({ path: '/' }))
  t.match(error, { code: 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED', reason: 'weak', detail: { step: 'key_refused' } })
  const misspelt = createApp({ services, algorithms: { signatures: ['ed2551'] } })
  t.match(await rejection(misspelt), { code: 'MTLS_ERR_OUTBOUND_OPTION', message: /algorithms\.signatures\[0\] is "ed2551"/ })
})

test('a call that takes too long is ended: as a whole, or by its parts', async (t) => {
  const slow = await startServer({ identity: server, handler: (request, response) => { if (request.url === '/body') response.write('begun') } })
  const app = await createApp({ services: { whole: { origin: slow.origin, timeout: 50 }, headers: { origin: slow.origin, headersTimeout: 50 }, body: { origin: slow.origin, bodyTimeout: 50 } } }, t)
  t.teardown(async () => { await slow.close() })
  const whole = serviceOf(app, 'whole')
  const late = {
    code: 'MTLS_ERR_SERVICES_TIMEOUT',
    statusCode: 504,
    message: 'The service whole did not answer within 50 ms (its option timeout)',
    cause: { name: 'TimeoutError' }
  }
  const { signal } = new AbortController()
  t.match(await rejection(whole.request({ path: '/' })), late)
  t.match(await rejection(whole.request({ path: '/', signal })), late)
  t.match(await rejection(whole.request({ path: '/body' }).then(async ({ body }) => await body.text())), late)
  t.match(await rejection(whole.fetch('/')), late)
  t.match(await rejection(whole.fetch('/', { signal })), late)
  t.match(await rejection(whole.fetch('/body').then(async (response) => await response.text())), late)
  t.match(await rejection(whole.ready()), late)
  const reason = new Error('the caller gave up')
  const given = AbortSignal.abort(reason)
  t.equal(await rejection(whole.request({ path: '/', signal: given })), reason)
  t.equal(await rejection(whole.fetch('/', { signal: given })), reason)
  t.equal(await rejection(whole.ready({ signal: given })), reason)
  app.get('/', async ({ mtlsServices }) => await (mtlsServices['whole'] as Service).ready())
  const response = await app.inject('/')
  t.equal(response.statusCode, 504)
  t.match(response.json(), { code: 'MTLS_ERR_SERVICES_TIMEOUT' })
  t.match(await rejection(serviceOf(app, 'headers').request({ path: '/' })), { code: 'UND_ERR_HEADERS_TIMEOUT' })
  t.match(await rejection(serviceOf(app, 'body').request({ path: '/body' }).then(async ({ body }) => await body.text())), { code: 'UND_ERR_BODY_TIMEOUT' })
})

test('a caller ends a call by each kind of signal that undici takes, with and without the option timeout', async (t) => {
  const arrived = new EventEmitter()
  const slow = await startServer({ identity: server, handler: () => { arrived.emit('arrived') } })
  const services = { limited: { origin: slow.origin, allowedServers, timeout: 600_000 }, free: { origin: slow.origin, allowedServers } }
  const app = await createApp({ services }, t)
  t.teardown(async () => { await slow.close() })
  for (const name of ['limited', 'free']) {
    const emitter = new EventEmitter()
    const foreign = new EventTarget()
    for (const [signal, abort] of [
      [emitter, () => { emitter.emit('abort') }],
      [foreign, () => { foreign.dispatchEvent(new Event('abort')) }]
    ] as const) {
      const waiting = once(arrived, 'arrived')
      let ended: unknown
      serviceOf(app, name).request({ path: '/', signal: signal as never }).catch((error: unknown) => { ended = error })
      await waiting
      abort()
      t.ok(await isSoon(() => ended !== undefined), name)
      t.match(ended, { code: 'UND_ERR_ABORTED' })
    }
    let early: unknown
    rejection(serviceOf(app, name).request({ path: '/', signal: { aborted: true, on () {} } as never })).then((error) => { early = error }, () => {})
    t.ok(await isSoon(() => early !== undefined), `${name}: aborted before the call`)
    t.match(early, { code: 'UND_ERR_ABORTED' })
    t.match(await rejection(serviceOf(app, name).request({ path: '/', signal: {} as never })), { code: 'UND_ERR_INVALID_ARG' })
  }
})

test('a signal of many calls keeps no listener of a call that the time has ended', async (t) => {
  const slow = await startServer({ identity: server, handler: () => {} })
  const app = await createApp({ services: { limited: { origin: slow.origin, allowedServers, timeout: 20 } } }, t)
  t.teardown(async () => { await slow.close() })
  const emitter = new EventEmitter()
  t.match(await rejection(serviceOf(app, 'limited').request({ path: '/', signal: emitter as never })), { code: 'MTLS_ERR_SERVICES_TIMEOUT' })
  t.equal(emitter.listenerCount('abort'), 0)
})

test('closing the app waits for the calls of requests in flight, then closes the connections', async (t) => {
  const arrived = Promise.withResolvers<() => void>()
  const holding = await startServer({ identity: server, handler: (_, response) => { arrived.resolve(() => { response.end('late') }) } })
  const app = await createApp({ services: { ledger: { origin: holding.origin, allowedServers } } })
  app.get('/', async (incoming) => await (await (incoming.mtlsServices['ledger'] as Service).request({ path: '/' })).body.text())
  t.teardown(async () => { await holding.close() })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const answer = request(app.listeningOrigin, { reset: true }).then(async ({ body }) => await body.text())
  const release = await arrived.promise
  const closed = app.close()
  release()
  t.equal(await answer, 'late')
  await closed
  await Promise.all([...holding.sockets].map(async (socket) => { await once(socket, 'close') }))
  t.equal(holding.sockets.size, 0)
  t.match(await rejection(serviceOf(app).request({ path: '/' })), { code: 'UND_ERR_CLOSED' })
})

test('rotation reaches the services', async (t) => {
  const whoami = await startServer({ identity: server, handler: (request, response) => { response.end((request.socket as any).getPeerCertificate().subject.CN) } })
  const source = memoryCredentials({ cert: client.chain, key: client.key, ca: ca.root })
  const app = await createApp({ credentials: source, services: { ledger: { origin: whoami.origin } } }, t)
  t.teardown(async () => { await whoami.close() })
  t.equal(await (await serviceOf(app).request({ path: '/' })).body.text(), 'orders')
  const renewed = await ca.issue({ cn: 'orders-2', profile: 'client' })
  source.update({ cert: renewed.chain, key: renewed.key })
  t.equal(await (await serviceOf(app).request({ path: '/' })).body.text(), 'orders-2')
})

test('interceptors stand around every service', async (t) => {
  let calls = 0
  const counting = (dispatch: Dispatcher.Dispatch): Dispatcher.Dispatch => (options, handler) => { calls++; return dispatch(options, handler) }
  const app = await createApp({ services: { ledger: { origin, allowedServers } }, interceptors: [counting, interceptors.retry()] }, t)
  await (await serviceOf(app).request({ path: '/' })).body.dump()
  await (await serviceOf(app).fetch('/')).text()
  t.equal(calls, 2)
})

test('in tests a MockAgent stands in for the servers', async (t) => {
  const mock = new MockAgent()
  mock.disableNetConnect()
  mock.get('https://ledger.internal').intercept({ path: '/v1/entries' }).reply(200, 'mocked').times(2)
  const app = await createApp({ dispatcher: mock, services: { ledger: { origin: 'https://ledger.internal', basePath: '/v1' } } }, t)
  t.equal(await (await serviceOf(app).request({ path: '/entries' })).body.text(), 'mocked')
  t.equal(await (await serviceOf(app).fetch('/entries')).text(), 'mocked')
  t.equal(serviceOf(app).dispatcher, mock)
  await mock.close()
})

test('encapsulated like any decorator', async (t) => {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await app.register(async (child) => {
    await child.register(fastifyMtlsClient, { credentials, services: { ledger: { origin } } })
    t.ok(child.mtlsServices['ledger'])
  })
  t.notOk(app.hasDecorator('services'))
  t.notOk(app.hasRequestDecorator('services'))
  await app.register(async (sibling) => { await sibling.register(fastifyMtlsClient, { credentials, services: { other: { origin } } }) })
  await app.register(fastifyMtlsClient, { credentials, services: { ledger: { origin } } })
  t.match(await rejection(Promise.resolve(app.register(fastifyMtlsClient, { credentials, services: { ledger: { origin } } }))), { code: 'FST_ERR_DEC_ALREADY_PRESENT' })
})

test('options that are wrong stop the app, each named with what was expected', async (t) => {
  const refuse = async (options: object, message: RegExp, code: string | RegExp = 'MTLS_ERR_SERVICES_OPTION'): Promise<void> => {
    t.match(await rejection(createApp(options)), { code, message })
  }
  const service = async (own: unknown, message: RegExp): Promise<void> => { await refuse({ services: { ledger: own } }, message) }
  await refuse({}, /services is empty; expected at least one service/)
  await refuse({ services: null }, /services is null/)
  await refuse({ services: [{ origin }] }, /services is a list; expected at least one service by name, such as \{ ledger:/)
  const services = { ledger: { origin } }
  await refuse({ services, interceptors: 5 }, /interceptors is 5; expected a list of undici interceptors/)
  await refuse({ services, interceptors: [5] }, /interceptors\[0\] is 5; expected an undici interceptor such as interceptors\.retry\(\)/)
  await refuse({ services, dispatcher: 5 }, /dispatcher is 5; expected an undici dispatcher such as MockAgent/)
  const mocked = await createApp({ services, dispatcher: new MockAgent() }, t)
  await refuse({ services, dispatcher: serviceOf(mocked) }, /dispatcher is an object without dispatch\(\); expected an undici dispatcher/)
  await refuse({ services: { ledger: { origin } }, servces: {} }, /unknown option "servces" for fastifyMtlsClient; did you mean "services"\?/)
  await refuse({ services: { ledger: { origin } }, origins: {} }, /unknown option "origins" for fastifyMtlsClient; expected one of/)
  await refuse({ services: { constructor: { origin } } }, /the name of a service is "constructor"/)
  await refuse({ services: { ledger: { origin } }, credentials: undefined }, /credentials is missing, and no plugin has added those of the app; register @peerkit\/fastify-mtls first, and await it, or give the/)
  await refuse({ services: { fine: { origin }, ledger: { origin, allowedServers: [] } } }, /: services\.ledger\.allowedServers: found/, 'MTLS_ERR_RULE_INVALID')
  await refuse({ services: { ledger: { origin } }, requestIdHeader: 'a b' }, /requestIdHeader is "a b"/)
  await refuse({ services: { ledger: { origin } }, propagateHeaders: 'baggage' }, /propagateHeaders is "baggage"; expected a list/)
  await refuse({ services: { ledger: { origin } }, propagateHeaders: ['a b'] }, /propagateHeaders\[0\] is "a b"/)
  await refuse({ services: { ledger: { origin } }, propagateHeaders: ['Host'] }, /expected no header of one connection or message/)
  await service(null, /services\.ledger is null/)
  await service({}, /services\.ledger\.origin is missing; expected an https origin/)
  await service({ origin: 'https://ledger.internal/v1' }, /put the path into basePath/)
  await service({ origin: 'http://ledger.internal' }, /expected only https/)
  await service({ origin: 'ledger' }, /expected an https origin such as/)
  await service({ origin, base: '/v1' }, /did you mean "basePath"/)
  await service({ origin, nonsense: 1 }, /unknown option "nonsense" for services\.ledger; expected one of origin/)
  for (const basePath of ['v1', '/v1/', '/a/../b', '/a?b', 5]) await service({ origin, basePath }, /basePath is .*expected a path such as \/v1/)
  await service({ origin, basePath: '/v1/' }, /basePath is "\/v1\/", with a slash at its end; expected a path such as \/v1$/)
  await service({ origin, readyPath: 'health' }, /readyPath is "health", without a slash at its start; expected a path such as \/health$/)
  await service({ origin, readyPath: '' }, /readyPath is an empty string; expected a path such as \/health$/)
  await service({ origin: 'localhost:8444' }, /origin is "localhost:8444"; expected an https origin such as https:\/\/ledger\.internal:8443: https:\/\/ is missing$/)
  for (const name of ['timeout', 'headersTimeout', 'bodyTimeout', 'connectTimeout']) await service({ origin, [name]: 2 ** 31 }, new RegExp(`services\\.ledger\\.${name} is 2147483648; expected a whole number of milliseconds from 1 to 2,147,483,647`))
  await service({ origin, timeout: -1 }, /timeout is -1; expected a whole number of milliseconds/)
  await service({ origin, headers: { a: 1 } }, /headers is an object; expected an object of strings/)
})

test('an app that does not start, or has closed, leaves no agent that follows the credentials', async (t) => {
  const followed = memoryCredentials({ cert: client.chain, key: client.key, ca: ca.root })
  const { subscribe } = followed
  let [followers, most] = [0, 0]
  Object.assign(followed, {
    subscribe: (listener: () => void) => {
      most = Math.max(most, ++followers)
      const end = subscribe.call(followed, listener)
      return () => {
        followers--
        end()
      }
    }
  })
  const rule = { code: 'MTLS_ERR_RULE_INVALID', message: /services\.wrong/ }
  const services = { ledger: { origin, allowedServers }, wrong: { origin, allowedServers: [{ uo: 'x' }] } }
  t.match(await rejection(createApp({ credentials: followed, services })), rule)
  t.ok(most > 0, 'the agent of the first service was made')
  t.equal(followers, 0, 'and closed')
  const app = await createApp({ credentials: followed, services: { ledger: { origin, allowedServers } } })
  t.ok(followers > 0)
  await app.close()
  t.equal(followers, 0)
})

test('the caller\'s objects stay as they were', async (t) => {
  const options = Object.freeze({ credentials, services: Object.freeze({ ledger: Object.freeze({ origin, headers: Object.freeze({ a: 'b' }), connectTimeout: 5000 }) }) })
  const app = await createApp(options, t)
  const call = Object.freeze({ path: '/', headers: Object.freeze({ c: 'd' }) })
  t.match(await (await serviceOf(app).request(call)).body.json(), { headers: { a: 'b', c: 'd' } })
})

test('nothing is left open', async (t) => {
  await ledger.close()
  t.equal(ledger.sockets.size, 0)
})

test('a misspelt service is named, with those that there are; other questions are answered as of any object', async (t) => {
  const app = await createApp({ services: { ledger: { origin }, audit: { origin } } }, t)
  for (const name of ['leger', 'Ledger', 'ledgre', 'xledger']) {
    t.throws(() => app.mtlsServices[name], { code: 'MTLS_ERR_SERVICES_OPTION', message: new RegExp(`there is no service "${name}"; expected one of ledger, audit; did you mean "ledger"\\?`) })
  }
  t.throws(() => app.mtlsServices['billing'], { message: /there is no service "billing"; expected one of ledger, audit$/ })
  t.notOk('billing' in app.mtlsServices)
  t.same(Object.keys(app.mtlsServices), ['ledger', 'audit'])
  t.equal(await Promise.resolve(app.mtlsServices), app.mtlsServices)
  t.match(JSON.stringify(app.mtlsServices), /"ledger":\{"name":"ledger"/)
  app.get('/', async (request) => request.mtlsServices['leger'])
  t.match((await app.inject('/')).json(), { code: 'MTLS_ERR_SERVICES_OPTION' })
})

test('an app behind a gateway has no certificate of its own: the option credentials is asked for', async (t) => {
  const app = Fastify()
  app.decorate('mtls', { credentials: undefined })
  t.match(await rejection(Promise.resolve(app.register(fastifyMtlsClient, { services: { ledger: { origin } } }))), {
    code: 'MTLS_ERR_SERVICES_OPTION', message: /credentials is missing: this app has no certificate of its own/
  })
})
