import { once } from 'node:events'
import http2 from 'node:http2'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import fastifyWebsocket from '@fastify/websocket'
import { memoryCredentials } from '@peerkit/credentials'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import { listen } from '@peerkit/events'
import type { RequestJudgedMessage } from '@peerkit/events'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import { parsePeerIdentity } from '@peerkit/identity'
import { compileRules } from '@peerkit/rules'
import type { AllowRule } from '@peerkit/rules'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import { test } from 'tap'
import WebSocket from 'ws'
import fastifyAllowedClients from '../src/index.ts'
import type { FastifyAllowedClientsOptions } from '../src/index.ts'
import { guardedApp } from './support/app.ts'
import type { TestApp } from './support/app.ts'
import { ca, serverCertificate } from './support/people.ts'

const one: IssuedCertificate = await ca.issue({ cn: 'CP1', o: 'Grid' })
const two: IssuedCertificate = await ca.issue({ cn: 'CP2', o: 'Grid' })
const slash = parsePeerIdentity((await ca.issue({ cn: 'a/b' })).der)
const cp1 = parsePeerIdentity(one.der)
const station = { config: { allowedClients: { cn: { param: 'stationId' } } as AllowRule } }
const account = { config: { allowedClients: { cn: { query: 'account' } } as AllowRule } }
const tenant = { config: { allowedClients: { cn: { header: 'X-Tenant' } } as AllowRule } }
const answer = async (): Promise<string> => 'x'

interface Teardown { teardown (fn: () => unknown): void }

async function appOf (
  t: Teardown, build: (app: FastifyInstance) => unknown, server: FastifyServerOptions = {},
  options: FastifyAllowedClientsOptions = {}
): Promise<TestApp> {
  const made = await guardedApp(options, server)
  t.teardown(async () => { await made.app.close() })
  await build(made.app)
  return made
}

test('the parameter of the URL must be in the certificate, after Fastify decoded it once', async (t) => {
  const { status } = await appOf(t, (app) => { app.get('/stations/:stationId/state', station, answer) })
  for (const [url, code] of [
    ['/stations/CP1/state', 200], ['/stations/%43P1/state', 200], ['/stations/CP2/state', 403],
    ['/stations/cp1/state', 403], ['/stations/%2543P1/state', 403], ['/stations/CP1%00/state', 403],
    ['/stations/CP1%20/state', 403], ['/stations//state', 403], ['/stations/*/state', 403],
    ['/stations/CP1%2F..%2FCP2/state', 403], ['/stations/CP2/state?stationId=CP1', 403], ['/stations/CP1;x/state', 403],
    ['/stations/CP1/state?stationId=CP2', 200], ['/stations/%EF%BC%A3P1/state', 403], ['/stations/%ff/state', 400]
  ] as const) t.equal(await status(cp1, url), code, url)
  t.equal(await status(slash, '/stations/a%2Fb/state'), 200, 'the value is what the handler gets')
  t.equal(await status(slash, '/stations/a%252Fb/state'), 403)
  t.equal(await status(null, '/stations/CP1/state'), 401)
  t.equal(await status(cp1, { method: 'HEAD', url: '/stations/CP2/state' }), 403, 'the HEAD route that Fastify adds')
  t.equal(await status(cp1, { method: 'HEAD', url: '/stations/CP1/state' }), 200)
})

test('prefixes, wildcards, optional parameters, constraints and other routers', async (t) => {
  const { status } = await appOf(t, async (app) => {
    await app.register(async (scope) => {
      scope.mtls.allow({ cn: { param: 'stationId' } })
      scope.get('/', { config: { allowedClients: 'authenticated' } }, answer)
      scope.options('/', { config: { allowedClients: 'authenticated' } }, answer)
      scope.get('/log/*', { config: { allowedClients: { o: 'Grid' } } }, answer)
    }, { prefix: '/p/:stationId' })
    app.get('/w/*', { config: { allowedClients: { cn: { param: '*' } } } }, answer)
    app.get('/o/:stationId?', station, answer)
    app.get('/v', { ...account, constraints: { version: '1.0.0' } }, answer)
    app.get('/v', { ...account, constraints: { version: '2.0.0' } }, answer)
    app.get('/n/:a-:stationId.:c', station, answer)
    app.route({ method: ['PUT', 'DELETE'], url: '/m/:stationId', ...station, handler: answer })
  }, { routerOptions: { caseSensitive: false }, rewriteUrl: ({ url = '' }) => url.replace('/old/', '/o/') })
  for (const [url, code] of [
    ['/p/CP1', 200], ['/p/CP2', 403], ['/P/CP1', 200], ['/p/CP1/log/CP2', 200], ['/p/CP2/log/CP1', 403],
    ['/w/CP1', 200], ['/w/CP1/x', 403], ['/w/', 403], ['/o/CP1', 200], ['/o', 403], ['/o/', 403], ['/old/CP1', 200],
    ['/old/CP2', 403], ['/n/x-CP1.y', 200], ['/n/CP1-x.y', 403]
  ] as const) t.equal(await status(cp1, url), code, url)
  for (const method of ['PUT', 'DELETE', 'OPTIONS'] as const) {
    const path = method === 'OPTIONS' ? '/p' : '/m'
    t.equal(await status(cp1, { method, url: `${path}/CP1` }), 200, method)
    t.equal(await status(cp1, { method, url: `${path}/CP2` }), 403, method)
  }
  const version = { 'accept-version': '2.0.0' }
  t.equal(await status(cp1, { url: '/v?account=CP1', headers: version }), 200)
  t.equal(await status(cp1, { url: '/v?account=CP2', headers: version }), 403)
})

test('a query parameter counts if it occurs once, whatever a parser makes of it', async (t) => {
  const parsers: Record<string, FastifyServerOptions> = {
    'the parser of Fastify': {},
    'one that takes the last': { querystringParser: (text: string) => Object.fromEntries(new URLSearchParams(text)) },
    'one that takes the first': {
      querystringParser: (text: string) => Object.fromEntries([...new URLSearchParams(text)].reverse())
    },
    'one that makes lists': {
      querystringParser: (text: string) => {
        const params = new URLSearchParams(text)
        return Object.fromEntries([...params.keys()].map((name) => [name, params.getAll(name)]))
      }
    }
  }
  for (const [name, options] of Object.entries(parsers)) {
    const { status } = await appOf(t, (app) => { app.get('/q', account, answer) }, options)
    const isList = name === 'one that makes lists'
    for (const [query, code] of [
      ['account=CP1', isList ? 403 : 200], ['account=CP2', 403], ['', 403], ['account=', 403], ['account', 403],
      ['account=CP1&account=CP2', 403], ['account=CP2&account=CP1', 403], ['account=CP1&account=CP1', 403],
      ['account=CP1&%61ccount=CP2', 403], ['account=CP2&%61ccount=CP1', 403], ['%61ccount=CP1', isList ? 403 : 200],
      ['account[]=CP1', 403], ['account[0]=CP1', 403], ['Account=CP1', 403], ['account=CP1%00', 403], ['account=*', 403],
      ['account=%2543P1', 403], ['__proto__=CP1', 403], ['account=CP2#account=CP1', 403]
    ] as const) t.equal(await status(cp1, `/q?${query}`), code, `${name}: ${query}`)
  }
  const odd = await appOf(t, (app) => { app.get('/q', account, answer) }, { querystringParser: () => undefined as never })
  t.equal(await odd.status(cp1, '/q?account=CP1'), 403)
  const inherited = await appOf(t, (app) => {
    app.get('/q', { config: { allowedClients: { cn: { query: 'toString' } } } }, answer)
  }, { querystringParser: () => ({}) })
  t.equal(await inherited.status(cp1, '/q'), 403)
})

test('a validator changes what handlers see only after the rules compared it', async (t) => {
  const { status } = await appOf(t, (app) => {
    const schema = {
      querystring: { type: 'object', properties: { account: { type: 'string', default: 'CP1' } } }
    }
    app.get('/q', { ...account, schema }, answer)
  })
  t.equal(await status(cp1, '/q'), 403, 'a default is not sent by the client')
  t.equal(await status(cp1, '/q?account=CP1'), 200)
})

test('a header counts if it occurs once, by its name in any case', async (t) => {
  const { status } = await appOf(t, (app) => {
    app.get('/h', tenant, answer)
    app.addHook('onRequest', async (request) => { if (request.url === '/h?late') request.headers['x-tenant'] = 'CP1' })
  })
  for (const [headers, code] of [
    [{ 'x-tenant': 'CP1' }, 200], [{ 'X-TENANT': 'CP1' }, 200], [{ 'x-tenant': 'CP2' }, 403], [{}, 403],
    [{ 'x-tenant': '' }, 403], [{ 'x-tenant': ['CP1', 'CP1'] }, 403], [{ 'x-tenant': ['CP1', 'CP2'] }, 403],
    [{ 'x-tenant': 'CP1, CP2' }, 403], [{ 'x-tenant': 'CP1,' }, 403], [{ 'x-tenant': 'CP\u00c31' }, 403]
  ] as const) t.equal(await status(cp1, { url: '/h', headers: headers as never }), code, JSON.stringify(headers))
  t.equal(await status(cp1, '/h?late'), 403)
  t.equal(await status(cp1, { url: '/h', headers: { 'x-tenant': 'CP1', x_tenant: 'CP2' } }), 200)
})

test('an unknown parameter fails at start, wherever the rules are', async (t) => {
  const refusal = async (
    build: (app: FastifyInstance) => unknown, options: FastifyAllowedClientsOptions = {}
  ): Promise<string> => {
    const { app } = await appOf(t, build, {}, options)
    return await app.ready().then(() => '', (error: Error & { code: string }) => `${error.code}: ${error.message}`)
  }
  const route = await refusal((app) => { app.get('/stations/:stationID', station, answer) })
  t.match(route, /^MTLS_ERR_ALLOWED_CLIENTS_OPTION: .*GET \/stations\/:stationID: the rules of config\.allowedClients name/)
  t.match(route, 'the parameter "stationId"')
  t.match(route, 'did you mean "stationID"?')
  const groups = { stations: [{ o: 'x' }, { not: { via: { cn: { param: 'stationId' } } }, cn: 'a' }] }
  t.match(await refusal((app) => { app.get('/x', { config: { allowedClients: 'stations' } }, answer) }, { groups }),
    '(groups.stations[1].not.via.cn)')
  t.match(await refusal(async (app) => {
    await app.register(async (scope) => {
      scope.mtls.allow({ cn: { param: 'stationId' } })
      scope.get('/:stationId', answer)
      scope.get('/health', answer)
    }, { prefix: '/s' })
  }), 'GET /s/health: the rules of scope /s')
  t.match(await refusal((app) => { app.get('/x', answer) }, { defaultRules: { cn: { param: 'id' } } }), 'GET /x: the rules of defaultRules')
  t.match(await refusal((app) => { app.get('/x/:*', answer) }, { notFoundRules: { cn: { param: '*' } } }), 'notFoundRules name')
  t.equal(await refusal((app) => { app.get('/x/:id', answer) }, { defaultRules: { cn: { param: 'id' } } }), '')
  const { app } = await appOf(t, () => {})
  t.throws(() => app.mtls.guardUpgrades({ cn: { header: 'x-tenant' } }), {
    code: 'MTLS_ERR_ALLOWED_CLIENTS_OPTION', message: /guardUpgrades\(\) take a value from the request/
  } as never)
})

test('a URL without a route has no parameters, and the rules of its scope decide', async (t) => {
  const { status } = await appOf(t, async (app) => {
    await app.register(async (scope) => {
      scope.mtls.allow({ cn: { param: '*' } })
      scope.get('/known/*', { config: { allowedClients: 'authenticated' } }, answer)
      scope.setNotFoundHandler(answer)
    }, { prefix: '/s' })
  }, {}, { notFoundRules: { cn: { header: 'x-tenant' } } })
  t.equal(await status(cp1, '/s/known/CP1'), 200)
  t.equal(await status(cp1, '/s/CP1'), 403)
  t.equal(await status(cp1, '/CP1'), 403)
  t.equal(await status(cp1, { url: '/CP1', headers: { 'x-tenant': 'CP1' } }), 404)
})

test('a verdict is never that of another request of the same client', async (t) => {
  const { app } = await appOf(t, (app) => {
    app.get('/stations/:stationId', station, async ({ params, peer }) => ({ params, cn: peer.commonName }))
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 })
  const get = async (path: string): Promise<string> => {
    const outgoing = https.get({ host: '127.0.0.1', port, path, agent, ca: ca.root, cert: one.chain, key: one.key })
    const [response] = await once(outgoing, 'response')
    response.resume()
    await once(response, 'end')
    return `${response.statusCode}${outgoing.reusedSocket ? ' reused' : ''}`
  }
  t.same([
    await get('/stations/CP1'), await get('/stations/CP2'), await get('/stations/CP1'), await get('/stations/CP2')
  ], ['200', '403 reused', '200 reused', '403 reused'])
  agent.destroy()
})

test('streams of one HTTP/2 connection are judged one by one', async (t) => {
  const credentials = memoryCredentials({ cert: serverCertificate.chain, key: serverCertificate.key, ca: ca.root })
  const app = Fastify(withMtls(credentials, { http2: true }))
  t.teardown(async () => { await app.close() })
  await app.register(fastifyMtls)
  await app.register(fastifyAllowedClients)
  app.get('/stations/:stationId', station, async () => 'x')
  app.get('/h', tenant, async () => 'x')
  await app.listen({ host: '127.0.0.1', port: 0 })
  const session = http2.connect(`https://127.0.0.1:${(app.server.address() as AddressInfo).port}`, {
    ca: ca.root, cert: one.chain, key: one.key
  })
  t.teardown(() => { session.close() })
  const ask = async (path: string, headers: http2.OutgoingHttpHeaders = {}): Promise<unknown> => {
    const stream = session.request({ ':path': path, ...headers })
    const [response] = await once(stream, 'response')
    stream.resume()
    return response[':status']
  }
  const names = Array.from({ length: 40 }, (_, index) => index % 3 === 0 ? 'CP1' : `CP${index + 1}`)
  const codes = await Promise.all(names.map(async (name) => await ask(`/stations/${name}`)))
  t.same(codes, names.map((name) => name === 'CP1' ? 200 : 403))
  t.equal(await ask('/h', { 'x-tenant': 'CP1' }), 200)
  t.equal(await ask('/h', { 'X-Tenant': ['CP1', 'CP2'] }), 403)
  t.equal(await ask('/h', { 'x-tenant': ['CP1', 'CP1'] }), 403)
})

test('a WebSocket gets only the station of its certificate, also behind a gateway', async (t) => {
  const gateway = await ca.issue({ cn: 'gateway', spiffe: 'spiffe://prod.example/gateway' })
  const credentials = memoryCredentials({ cert: serverCertificate.chain, key: serverCertificate.key, ca: ca.root })
  const app = Fastify(withMtls(credentials))
  t.teardown(async () => { await app.close() })
  const identity = compileRules([{ spiffe: 'spiffe://prod.example/gateway' }])
  await app.register(fastifyMtls, { forwarded: { format: 'rfc9440', gateways: { identity } } })
  await app.register(fastifyAllowedClients)
  await app.register(fastifyWebsocket)
  app.get('/ocpp/:stationId', { websocket: true, ...station }, (socket) => { socket.send('welcome') })
  app.get('/stations/:stationId', station, answer)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const origin = `wss://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const open = async (path: string, sender: IssuedCertificate, headers = {}): Promise<string> => {
    const socket = new WebSocket(origin + path, { ca: ca.root, cert: sender.chain, key: sender.key, headers })
    return await new Promise((resolve) => {
      socket.on('message', (data) => {
        socket.terminate()
        resolve(String(data))
      })
      socket.on('error', ({ message }) => { resolve(message.replace(/\D/g, '')) })
    })
  }
  const of = (client: IssuedCertificate): object => ({ 'client-cert': `:${Buffer.from(client.der).toString('base64')}:` })
  t.equal(await open('/ocpp/CP1', one), 'welcome')
  t.equal(await open('/ocpp/CP2', one), '403')
  t.equal(await open('/ocpp/CP2', two), 'welcome')
  t.equal(await open('/ocpp/CP1', gateway, of(one)), 'welcome')
  t.equal(await open('/ocpp/CP2', gateway, of(one)), '403')
  t.equal(await open('/ocpp/gateway', gateway, of(one)), '403', 'the gateway is not the client')
})

test('the denial states both sides, and no secret', async (t) => {
  const { app, status, lines } = await appOf(t, (app) => {
    app.get('/stations/:stationId', station, answer)
    app.get('/q', account, answer)
    app.get('/h', tenant, answer)
  })
  const messages: RequestJudgedMessage[] = []
  t.teardown(listen({ 'peerkit:request:denied': (message) => { messages.push(message) } }))
  await status(cp1, '/stations/CP2')
  await status(cp1, '/stations/CP3')
  await status(cp1, '/q?account=secret')
  await status(cp1, { url: '/h', headers: { 'x-tenant': 'secret' } })
  await status(cp1, '/q')
  const failed = lines.flatMap(({ msg, reason, nearest }) => msg === 'client denied' ? [{ reason, ...nearest.failed[0] }] : [])
  const expected = (what: string): readonly string[] => [`the ${what} of the request`]
  t.match(failed, [
    { reason: 'no_match', key: 'cn', expected: expected('parameter "stationId"'), found: ['CP1'], asked: [{ source: 'param', name: 'stationId', values: ['CP2'] }] },
    { asked: [{ values: ['CP3'] }] },
    { expected: expected('query parameter "account"'), asked: [{ values: ['[redacted]'] }] },
    { expected: expected('header "x-tenant"'), asked: [{ name: 'x-tenant', values: ['[redacted]'] }] },
    { reason: 'incomplete_request', note: 'the query parameter "account" of the request is missing', asked: [{ values: [] }] }
  ])
  t.match(messages.map(({ nearest }) => nearest?.failed[0]?.asked?.[0]?.values), [['CP2'], ['CP3'], ['[redacted]']])
  t.notMatch(JSON.stringify(lines), 'secret')
  const [previewed] = app.mtls.evaluate(cp1)
  t.equal(previewed?.outcome, 'needs-request')
  t.match(String(previewed?.requirements[0]?.explain()), 'there is no request to compare with')
})

test('with redactFound none, every value is stated', async (t) => {
  const { status, lines } = await appOf(t, (app) => { app.get('/q', account, answer) }, {}, { redactFound: 'none' })
  await status(cp1, '/q?account=CP9')
  t.match(lines.find(({ msg }) => msg === 'client denied')?.nearest.failed[0].asked, [{ values: ['CP9'] }])
})

test('a header that a hook replaced is no value: handlers would see another one than the client sent', async (t) => {
  // The first to see a request: hooks of plugins that come before have the same effect.
  const rewriteUrl: FastifyServerOptions['rewriteUrl'] = ({ url = '', headers }) => {
    if (headers['x-replace'] !== undefined) headers['x-tenant'] = 'CP2'
    return url
  }
  const { status } = await appOf(t, (app) => { app.get('/', tenant, answer) }, { rewriteUrl })
  t.equal(await status(cp1, { url: '/', headers: { 'x-tenant': 'CP1' } }), 200)
  t.equal(await status(cp1, { url: '/', headers: { 'x-tenant': 'CP1', 'x-replace': '1' } }), 403)
})
