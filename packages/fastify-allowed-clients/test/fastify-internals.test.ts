import { test } from 'tap'
import Fastify from 'fastify'
import { isRoot, hooksOf, printEarlierRoutes } from '../src/fastify-internals.ts'

test('the installed Fastify has all that is relied on', async (t) => {
  const app = Fastify()
  t.equal(printEarlierRoutes(app), undefined)
  t.equal(isRoot(app), true)
  await app.register(async (scope) => {
    t.equal(isRoot(scope), false)
    scope.addHook('onRequest', async () => {})
  })
  app.get('/', async () => 'x')
  await app.ready()
  t.same(hooksOf(app).map(({ onRequest }) => onRequest.length), [0, 1])
  t.match(printEarlierRoutes(app), /GET/)
  await app.close()
})

test('a Fastify that keeps its hooks in another way is refused, with its version', async (t) => {
  const [hooks, children] = [Symbol('fastify.hooks'), Symbol('fastify.children')]
  const good = { onRequest: [], onRoute: [] }
  t.same(hooksOf({ [hooks]: good, [children]: [] }), [good])
  for (const fake of [
    { version: '5.99.0' },
    { version: '5.99.0', [hooks]: good },
    { version: '5.99.0', [children]: [] },
    { version: '5.99.0', [hooks]: { onRequest: [] }, [children]: [] },
    { version: '5.99.0', [hooks]: { onRoute: [] }, [children]: [] },
    { version: '5.99.0', [hooks]: good, [children]: [{ version: '5.99.0' }] }
  ]) {
    t.throws(() => hooksOf(fake), { code: 'MTLS_ERR_PLUGIN_ORDER', message: /found fastify 5\.99\.0, expected fastify 5\.0 to 5\.12/ })
  }
  t.throws(() => hooksOf({}), { message: /of an unknown version/ })
})
