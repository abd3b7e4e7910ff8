import { test } from 'tap'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { injectAs } from '@peerkit/fastify-mtls'
import fastifyAllowedClients from '../src/index.ts'
import { placeHook } from '../src/guard/hook-order.ts'
import { mtlsApp } from './support/app.ts'
import { bareApp, identifier } from './support/identified-app.ts'
import { billing, ops } from './support/people.ts'

const config = { allowedClients: [{ ou: 'billing' }] }
const people = { billing, ops }

async function ask (app: FastifyInstance, peer: string, url = '/x'): Promise<{ status: number, body: string, headers: object }> {
  const { statusCode, body, headers } = await app.inject({ url, headers: { 'x-test-peer': peer } })
  return { status: statusCode, body, headers }
}

test('runs ahead of hooks that were added before it, and after those that identify the peer', async (t) => {
  const app = bareApp()
  const ran: string[] = []
  const note = (name: string) => async (): Promise<void> => { ran.push(name) }
  app.addHook('onRequest', note('before all'))
  await app.register(identifier(true, people))
  app.addHook('onRequest', note('between'))
  let early: FastifyInstance | undefined
  await app.register(async (scope) => {
    scope.addHook('onRequest', note('early child'))
    early = scope
  })
  await app.register(fastifyAllowedClients)
  early?.get('/child', { config }, async () => 'x')
  app.addHook('onRequest', note('after'))
  app.get('/x', { config, onRequest: note('route') }, async () => 'x')
  for (const url of ['/x', '/child', '/nowhere']) {
    t.equal((await ask(app, 'ops', url)).status, 403, url)
    t.equal((await ask(app, 'nobody', url)).status, 401, url)
  }
  t.same(ran, [], 'nothing ran for the unauthorised')
  t.equal((await ask(app, 'billing')).status, 200)
  t.same(ran.splice(0), ['before all', 'between', 'after', 'route'], 'and all of it, in its order, for the others')
  t.equal((await ask(app, 'billing', '/child')).status, 200)
  t.same(ran, ['before all', 'between', 'early child', 'after'])
})

test('where no hook says that it identifies the peer, an earlier hook cannot answer the unauthorised', async (t) => {
  const app = bareApp()
  const stream = Readable.from(['secret'])
  app.addHook('onRequest', async (request, reply) => {
    reply.header('set-cookie', 'a=b')
    if (request.url === '/early') return await reply.send({ secret: 1 })
    if (request.url === '/stream') return await reply.send(stream)
    if (request.url === '/late') return await reply.code(429).send('slow down')
    const [, status] = /^\/early\/(\d+)$/.exec(request.url) ?? []
    if (status !== undefined) return await reply.code(Number(status)).header('location', '/secret').send()
  })
  await app.register(identifier(false, people))
  await app.register(fastifyAllowedClients)
  app.get('/x', { config }, async () => 'x')
  app.get('/early', { config: { allowedClients: [async () => true] } }, async () => 'x')
  // An early answer comes before the identity is known: nobody is identified yet.
  const early = await ask(app, 'billing', '/early')
  t.equal(early.status, 401)
  t.match(JSON.parse(early.body), { code: 'MTLS_ERR_CLIENT_UNIDENTIFIED', error: 'Unauthorized' })
  t.notOk('set-cookie' in early.headers)
  t.equal((await ask(app, 'ops', '/stream')).status, 401)
  t.ok(stream.destroyed)
  for (const status of [201, 204, 302, 304, 399]) {
    const { status: answered, headers, body } = await ask(app, 'ops', `/early/${status}`)
    t.same([answered, 'location' in headers, /secret/.test(body)], [401, false, false], `instead of ${status}`)
  }
  t.equal((await ask(app, 'ops', '/late')).status, 429, 'errors are no answer of a route')
  t.equal((await ask(app, 'billing')).status, 200)
  t.equal((await ask(app, 'ops')).status, 403)
})

test('an earlier hook cannot answer past the rules of a server with fastify-mtls', async (t) => {
  const { app } = await mtlsApp()
  app.addHook('onRequest', async (request, reply) => { if (request.url !== '/x') return await reply.send('secret') })
  await app.register(fastifyAllowedClients)
  app.get('/x', { config }, async () => 'x')
  app.get('/early', { config }, async () => 'x')
  t.notMatch((await injectAs(app, ops, '/early')).body, 'secret')
  t.equal((await injectAs(app, ops, '/early')).statusCode, 403)
  t.equal((await injectAs(app, ops, '/nowhere')).statusCode, 403)
  t.equal((await injectAs(app, billing, '/early')).body, 'secret')
  t.equal((await injectAs(app, billing, '/x')).body, 'x')
})

test('an early answer is held back when judging it fails', async (t) => {
  const app = bareApp()
  app.addHook('onRequest', async (_request, reply) => await reply.send('secret'))
  app.decorateRequest('peer', null as never)
  app.decorateRequest('optionalPeer', { getter () { throw new Error('torn') } } as never)
  await app.register(fastifyAllowedClients)
  app.get('/x', { config }, async () => 'x')
  const { status, body } = await ask(app, 'billing')
  t.equal(status, 500)
  t.notMatch(body, /secret|torn/)
})

test('does not start on a Fastify whose hooks it does not know', (t) => {
  t.throws(() => { placeHook({} as FastifyInstance, () => {}) }, { code: 'MTLS_ERR_PLUGIN_ORDER', message: /fastify 5/ })
  t.end()
})

test('a marked hook, such as a rate limit by identity, counts denied clients too', async (t) => {
  const { app, status } = await mtlsApp()
  t.teardown(async () => { await app.close() })
  const seen: Array<string | undefined> = []
  const count = async ({ optionalPeer }: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    seen.push(optionalPeer?.commonName)
    return seen.length > 2 ? await reply.code(seen.length > 3 ? 200 : 429).send('limited') : undefined
  }
  let unmarked = 0
  app.addHook('onRequest', async () => { unmarked++ })
  app.addHook('onRequest', Object.assign(count, { [Symbol.for('peerkit.beforeRules')]: true }))
  await app.register(fastifyAllowedClients)
  app.get('/', { config: { allowedClients: [{ cn: 'nobody' }] } }, async () => 'secret')
  t.equal(await status(ops, '/'), 403)
  t.equal(await status(ops, '/'), 403)
  t.equal(await status(ops, '/'), 429, 'the limit of a denied client')
  t.equal(await status(ops, '/'), 403, 'an answer of the hook below 400 is authorized')
  t.same(seen, Array(4).fill(ops.commonName))
  t.equal(unmarked, 0, 'other hooks do not see denied clients')
})

test('a hook of a plugin that was encapsulated earlier cannot answer past the rules', async (t) => {
  for (const marked of [true, false]) {
    const app = bareApp()
    t.teardown(async () => { await app.close() })
    await app.register(identifier(true, people))
    let early: FastifyInstance | undefined
    await app.register(async (scope) => {
      const answer = async (_request: FastifyRequest, reply: FastifyReply): Promise<unknown> => await reply.send('secret')
      scope.addHook('onRequest', marked ? Object.assign(answer, { [Symbol.for('peerkit.beforeRules')]: true }) : answer)
      early = scope
    })
    await app.register(fastifyAllowedClients)
    early?.get('/child', { config }, async () => 'x')
    for (const [peer, status] of [['ops', 403], ['nobody', 401]] as const) {
      const denied = await ask(app, peer, '/child')
      t.equal(denied.status, status, `${peer}, marked: ${marked}`)
      t.notMatch(denied.body, 'secret')
    }
    t.match(await ask(app, 'billing', '/child'), { status: 200, body: 'secret' }, 'allowed clients get its answer')
  }
})
