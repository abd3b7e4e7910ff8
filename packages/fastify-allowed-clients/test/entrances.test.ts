import { test } from 'tap'
import { injectAs } from '@peerkit/fastify-mtls'
import fastifyAuth from '@fastify/auth'
import type { FastifyInstance, FastifyServerOptions, InjectOptions, RouteOptions } from 'fastify'
import { guardedApp } from './support/app.ts'
import { billing, ops } from './support/people.ts'

const config = { allowedClients: [{ ou: 'billing' }] }

/** What of the app's own code a request came to. */
class Reached {
  names: string[] = []
  readonly note = (name: string) => async (): Promise<void> => { this.names.push(name) }
  readonly handler = async (): Promise<string> => {
    this.names.push('handler')
    return 'secret'
  }
}

interface Entrance {
  readonly name: string
  readonly build: (app: FastifyInstance, reached: Reached) => void | Promise<void>
  readonly requests: readonly (InjectOptions | string)[]
  readonly server?: FastifyServerOptions
  /** The status that the allowed client gets; 200 by default. */
  readonly allowed?: number
}

const body = { method: 'POST', headers: { 'content-type': 'application/json' }, payload: '{"a":1}' } as const

const entrances: readonly Entrance[] = [
  { name: 'each shorthand method', build: (app, { handler }) => { app.all('/x', { config }, handler) }, requests: ['GET', 'HEAD', 'OPTIONS', 'DELETE', 'PATCH', 'PUT', 'POST'].map((method) => ({ method: method as 'GET', url: '/x' })) },
  { name: 'a HEAD route that Fastify adds', build: (app, { handler }) => { app.get('/x', { config }, handler) }, requests: [{ method: 'HEAD', url: '/x' }] },
  { name: 'a HEAD route of its own', build: (app, { handler }) => { app.head('/x', { config }, handler) }, requests: [{ method: 'HEAD', url: '/x' }] },
  { name: 'OPTIONS of a wildcard', build: (app, { handler }) => { app.options('*', { config }, handler) }, requests: [{ method: 'OPTIONS', url: '/any' }, { method: 'OPTIONS', url: '*' }] },
  { name: 'a method of its own', build: (app, { handler }) => { app.addHttpMethod('PROPFIND').route({ method: 'PROPFIND', url: '/x', config, handler } as RouteOptions) }, requests: [{ method: 'PROPFIND' as 'GET', url: '/x' }] },
  { name: 'a body', build: (app, { handler }) => { app.post('/x', { config }, handler) }, requests: [{ ...body, url: '/x' }] },
  { name: 'a body that validation would refuse', build: (app, { handler }) => { app.post('/x', { config, schema: { body: { type: 'object', required: ['zz'] } } }, handler) }, requests: [{ ...body, url: '/x' }], allowed: 400 },
  { name: 'a body that is too large', build: (app, { handler }) => { app.post('/x', { config, bodyLimit: 2 }, handler) }, requests: [{ ...body, url: '/x' }], allowed: 413 },
  { name: 'a body that cannot be parsed', build: (app, { handler }) => { app.post('/x', { config }, handler) }, requests: [{ ...body, payload: '{', url: '/x' }], allowed: 400 },
  { name: 'a media type without a parser', build: (app, { handler }) => { app.post('/x', { config }, handler) }, requests: [{ ...body, headers: { 'content-type': 'application/xml' }, url: '/x' }], allowed: 415 },
  { name: 'a malformed media type', build: (app, { handler }) => { app.post('/x', { config }, handler) }, requests: [{ ...body, headers: { 'content-type': 'nonsense;;' }, url: '/x' }], allowed: 415 },
  { name: 'a prefix, with and without the slash', build: async (app, { handler }) => { await app.register(async (scope) => { scope.get('/', { config }, handler) }, { prefix: '/p' }) }, requests: ['/p', '/p/'] },
  { name: 'a parameter', build: (app, { handler }) => { app.get('/u/:id', { config }, handler) }, requests: ['/u/1', '/u/%41', '/u/a%2Fb', '/u/'] },
  { name: 'a regular expression', build: (app, { handler }) => { app.get('/u/:id(^\\d+$)', { config }, handler) }, requests: ['/u/12'] },
  { name: 'several parameters', build: (app, { handler }) => { app.get('/u/:a-:b', { config }, handler) }, requests: ['/u/1-2'] },
  { name: 'an optional parameter', build: (app, { handler }) => { app.get('/u/:id?', { config }, handler) }, requests: ['/u', '/u/1'] },
  { name: 'a wildcard', build: (app, { handler }) => { app.get('/w/*', { config }, handler) }, requests: ['/w/', '/w/a/b', '/w//x'] },
  { name: 'trailing slashes', server: { routerOptions: { ignoreTrailingSlash: true } }, build: (app, { handler }) => { app.get('/x', { config }, handler) }, requests: ['/x', '/x/'] },
  { name: 'duplicate slashes', server: { routerOptions: { ignoreDuplicateSlashes: true } }, build: (app, { handler }) => { app.get('/x/y', { config }, handler) }, requests: ['/x//y', '/x/y'] },
  { name: 'upper case', server: { routerOptions: { caseSensitive: false } }, build: (app, { handler }) => { app.get('/x', { config }, handler) }, requests: ['/X', '/x'] },
  { name: 'semicolons', server: { routerOptions: { useSemicolonDelimiter: true } as object }, build: (app, { handler }) => { app.get('/x', { config }, handler) }, requests: ['/x;a=b'] },
  { name: 'percent-encoding', build: (app, { handler }) => { app.get('/x', { config }, handler) }, requests: ['/%78'] },
  { name: 'a version constraint', build: (app, { handler }) => { app.get('/x', { config, constraints: { version: '1.2.0' } }, handler) }, requests: [{ url: '/x', headers: { 'accept-version': '1.x' } }] },
  { name: 'a host constraint', build: (app, { handler }) => { app.get('/x', { config, constraints: { host: /example\.com$/ } }, handler) }, requests: [{ url: '/x', headers: { host: 'a.example.com' } }] },
  {
    name: 'an asynchronous constraint',
    build: (app, { handler }) => {
      app.addConstraintStrategy({ name: 'slow', storage: () => { const kept = new Map(); return { get: (key: any) => kept.get(key) ?? null, set: (key: any, value: any) => { kept.set(key, value) } } }, validate: () => true, deriveConstraint: (_request: any, _context: any, done: any) => { setImmediate(done, null, 'y') } } as any)
      app.get('/x', { config, constraints: { slow: 'y' } }, handler)
    },
    requests: ['/x']
  },
  { name: 'a rewritten URL', server: { rewriteUrl: (request) => request.url === '/public' ? '/x' : request.url ?? '' }, build: (app, { handler }) => { app.get('/x', { config }, handler) }, requests: ['/public', '/x'] },
  { name: "the route's own onRequest", build: (app, { handler, note }) => { app.get('/x', { config, onRequest: note('route onRequest') }, handler) }, requests: ['/x'] },
  {
    name: "the user's hooks after the plugin",
    build: (app, { handler, note }) => {
      app.addHook('onRequest', note('onRequest')).addHook('preParsing', note('preParsing')).addHook('preValidation', note('preValidation')).addHook('preHandler', note('preHandler'))
      app.post('/x', { config }, handler)
    },
    requests: [{ ...body, url: '/x' }]
  },
  {
    name: 'a hook that answers',
    build: (app, { handler }) => {
      app.addHook('onRequest', async (_request, reply) => await reply.send('secret'))
      app.get('/x', { config }, handler)
    },
    requests: ['/x']
  },
  { name: 'the default not-found handler', build: () => {}, requests: ['/nowhere', { ...body, url: '/nowhere' }, { method: 'TRACE' as 'GET', url: '/' }], allowed: 403 },
  { name: 'a not-found handler', build: (app, { handler }) => { app.setNotFoundHandler(handler) }, requests: ['/nowhere', { ...body, url: '/nowhere' }], allowed: 403 },
  {
    name: 'a not-found handler in a scope',
    build: async (app, { handler, note }) => {
      await app.register(async (scope) => {
        scope.mtls.allow(config.allowedClients)
        scope.setNotFoundHandler({ preHandler: note('preHandler'), preValidation: note('preValidation') }, handler)
      }, { prefix: '/p' })
    },
    requests: ['/p/nowhere', { ...body, url: '/p/nowhere' }]
  },
  { name: 'another method of a route (405 elsewhere)', build: (app, { handler }) => { app.get('/x', { config: { allowedClients: 'authenticated' } }, handler) }, requests: [{ ...body, url: '/x' }], allowed: 403 },
  {
    name: 'callNotFound of a hook',
    build: (app, { handler, note }) => {
      app.setNotFoundHandler({ preHandler: note('not found') }, handler)
      app.addHook('onRequest', async (_request, reply) => { reply.callNotFound() })
      app.get('/x', { config }, handler)
    },
    requests: ['/x']
  },
  {
    name: 'a route that another onRoute hook adds',
    build: (app, { handler }) => {
      app.addHook('onRoute', function (route) { if (route.url === '/x') this.route({ ...route, method: 'GET', url: '/copy', handler, exposeHeadRoute: false }) })
      app.post('/x', { config }, handler)
    },
    requests: ['/copy', { ...body, url: '/x' }]
  },
  {
    name: 'a route whose handler another onRoute hook replaces',
    build: (app, { handler }) => {
      app.addHook('onRoute', (route) => { route.handler = handler })
      app.get('/x', { config }, async () => 'other')
    },
    requests: ['/x']
  },
  {
    name: '@fastify/auth that would let everybody in',
    build: async (app, { handler, note }) => {
      await app.register(fastifyAuth)
      app.get('/x', { config, onRequest: app.auth([note('auth'), note('auth')], { relation: 'or' }), preHandler: app.auth([note('auth')]) }, handler)
    },
    requests: ['/x']
  },
  {
    name: 'an encapsulated plugin with its own hooks and error handler',
    build: async (app, { handler, note }) => {
      await app.register(async (scope) => {
        scope.addHook('onRequest', note('onRequest'))
        scope.setErrorHandler((error, _request, reply) => { reply.send(error) })
        scope.get('/x', { config }, handler)
      })
    },
    requests: ['/x']
  },
  { name: 'a header that overrides the method', build: (app, { handler }) => { app.post('/x', { config }, handler) }, requests: [{ ...body, url: '/x', headers: { ...body.headers, 'x-http-method-override': 'GET' } }] },
  { name: 'a request with an Upgrade header and no WebSocket', build: (app, { handler }) => { app.get('/x', { config }, handler) }, requests: [{ url: '/x', headers: { connection: 'upgrade', upgrade: 'websocket' } }] },
]

for (const { name, build, requests, server, allowed = 200 } of entrances) {
  test(`${name}: no way in for the unauthorised`, async (t) => {
    const { app } = await guardedApp({}, server)
    const reached = new Reached()
    // Nothing reads the body before preParsing.
    app.addHook('preParsing', reached.note('body'))
    await build(app, reached)
    for (const options of requests) {
      for (const peer of [ops, null]) {
        const refused = await injectAs(app, peer, options)
        t.notMatch(refused.body, 'secret')
        t.equal(refused.statusCode, peer === null ? 401 : 403, JSON.stringify(options))
      }
      t.same(reached.names, [], 'nothing of the app was reached')
      t.equal((await injectAs(app, billing, options)).statusCode, allowed, 'while the allowed client is served')
      reached.names.length = 0
    }
  })
}

test('a malformed URL is refused before any route, and says nothing of one', async (t) => {
  const { app } = await guardedApp()
  const reached = new Reached()
  app.get('/secret-route/:id', { config }, reached.handler)
  for (const url of ['/secret-route/%', '/%E0%A4%A', '/secret-route/' + 'x'.repeat(101)]) {
    const response = await injectAs(app, ops, url)
    t.ok([400, 414].includes(response.statusCode), String(response.statusCode))
    t.notMatch(response.body, /billing|allowed/)
  }
  t.same(reached.names, [])
})

test('not found is for those who are named', async (t) => {
  const { app, status } = await guardedApp({ notFoundRules: 'authenticated' })
  t.equal(await status(billing, '/nowhere'), 404)
  t.equal(await status(null, '/nowhere'), 401)
  await t.test('within a scope, for those of the scope', async (t) => {
    const { app, status } = await guardedApp({ notFoundRules: 'authenticated' })
    await app.register(async (scope) => {
      scope.mtls.allow([{ ou: 'billing' }])
      scope.setNotFoundHandler(async (_request, reply) => await reply.code(404).send('none'))
    }, { prefix: '/p' })
    t.equal(await status(billing, '/p/nowhere'), 404)
    t.equal(await status(ops, '/p/nowhere'), 403)
    t.equal(await status(ops, '/nowhere'), 404)
  })
  await app.close()
})

test('does not start where an onRoute hook changes what was judged', async (t) => {
  for (const change of [(): object => ({}), (before: object): object => ({ ...before, allowedClients: [{ ou: 'ops' }] })]) {
    const { app } = await guardedApp({ defaultRules: 'authenticated' })
    app.addHook('onRoute', (route) => { route.config = change(route.config ?? {}) })
    app.get('/x', { config }, async () => 'x')
    await t.rejects(async () => { await app.ready() }, { code: 'MTLS_ERR_ALLOWED_CLIENTS_OPTION', message: /GET \/x: an onRoute hook .* (changed config\.allowedClients|replaced the config of the route); register/ })
  }
})
