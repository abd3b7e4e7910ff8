import { test } from 'tap'
import fastifySwagger from '@fastify/swagger'
import { parse } from 'yaml'
import fastifyAllowedClients from '../src/index.ts'
import type { FastifyAllowedClientsOptions } from '../src/index.ts'
import { mtlsApp } from './support/app.ts'

const config = { allowedClients: [{ ou: 'billing' }] }
const answer = async (): Promise<string> => 'x'
const handler = answer

async function documented (swagger: object, before: boolean, options: FastifyAllowedClientsOptions = {}): Promise<any> {
  const { app, lines } = await mtlsApp({}, { clientCertificate: 'optional' })
  if (before) await app.register(fastifySwagger, swagger)
  await app.register(fastifyAllowedClients, options)
  if (!before) await app.register(fastifySwagger, swagger)
  app.get('/ruled', { config }, handler)
  app.post('/ruled', { config, schema: { body: { type: 'object' }, security: [{ key: [] }, { other: [] }], tags: ['t'] } as object }, handler)
  app.get('/health', { config: { allowedClients: 'public' } }, handler)
  app.get('/hidden', { config, schema: { hide: true } as object }, handler)
  app.get('/named', { config, schema: { operationId: 'named' } as object }, handler)
  app.get('/scoped/:id', handler)
  await app.register(async (scope) => {
    scope.get('/late', handler)
    scope.mtls.allow(config.allowedClients)
  })
  await app.ready()
  return Object.assign(app, { lines })
}

const security = { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'x' }, other: { type: 'apiKey', in: 'header', name: 'y' } } }

for (const before of [true, false]) {
  test(`names mutual TLS in an OpenAPI 3.1 document, @fastify/swagger registered ${before ? 'before' : 'after'}`, async (t) => {
    const app = await documented({ openapi: { openapi: '3.1.0', info: { title: 'x', version: '1' }, components: security }, exposeHeadRoutes: true }, before)
    const document = app.swagger()
    t.same(document.components.securitySchemes, { mutualTLS: { type: 'mutualTLS', description: 'A client certificate that a rule of the route allows.' }, ...security.securitySchemes })
    const { paths } = document
    t.same(paths['/ruled'].get.security, [{ mutualTLS: [] }])
    t.same(paths['/ruled'].head.security, [{ mutualTLS: [] }])
    t.same(paths['/ruled'].post.security, [{ key: [], mutualTLS: [] }, { other: [], mutualTLS: [] }], 'beside what else is asked for')
    t.same(paths['/ruled'].post.tags, ['t'])
    t.same(paths['/late'].get.security, [{ mutualTLS: [] }])
    t.same(paths['/named'].head.security, [{ mutualTLS: [] }])
    t.equal(paths['/health'].get.security, undefined)
    t.notOk('/hidden' in paths)
    t.notMatch(JSON.stringify(document), 'x-mutual-tls')
    t.equal(app.swagger(), document, 'made once')
    t.same(parse(app.swagger({ yaml: true })), document)
  })
}

test('says which parameters are compared with the certificate', async (t) => {
  const { app } = await mtlsApp()
  await app.register(fastifyAllowedClients)
  await app.register(fastifySwagger, { openapi: { openapi: '3.1.0' }, exposeHeadRoutes: true })
  const schema = {
    params: { type: 'object', properties: { id: { type: 'string', description: 'The station.' } } },
    querystring: { type: 'object', properties: { account: { type: 'string' }, id: { type: 'string' } } },
    headers: { type: 'object', properties: { 'X-Tenant': { type: 'string' } } }
  }
  const allowedClients = { cn: { param: 'id' }, o: { query: 'account' }, ou: { header: 'x-tenant' } }
  app.get('/stations/:id', { config: { allowedClients }, schema: schema as object }, handler)
  app.get('/plain/:id', { config, schema: { params: schema.params } as object }, handler)
  await app.ready()
  const { paths } = (app as any).swagger()
  for (const method of ['get', 'head']) {
    const told = paths['/stations/{id}'][method].parameters.map(({ in: place, name, description }: any) => [place, name, description])
    t.same(told.sort(), [
      ['header', 'X-Tenant', 'Compared with the client certificate.'],
      ['path', 'id', 'The station. Compared with the client certificate.'],
      ['query', 'account', 'Compared with the client certificate.'],
      ['query', 'id', undefined]
    ], method)
  }
  t.equal(paths['/plain/{id}'].get.parameters[0].description, 'The station.')
  t.notMatch(JSON.stringify(paths), 'x-mutual-tls')
})

test('asks for what the whole document asks for too', async (t) => {
  const app = await documented({ openapi: { openapi: '3.1.0', components: security, security: [{ key: [] }] } }, true)
  t.same(app.swagger().paths['/ruled'].get.security, [{ key: [], mutualTLS: [] }])
  t.equal(app.swagger().paths['/health'].get.security, undefined)
})

test('leaves a scheme of that name as its author wrote it', async (t) => {
  const mutualTLS = { type: 'mutualTLS', description: 'mine' }
  const app = await documented({ openapi: { openapi: '3.2.0', components: { securitySchemes: { ...security.securitySchemes, mutualTLS } } } }, true)
  t.same(app.swagger().components.securitySchemes.mutualTLS, mutualTLS)
})

test('adds nothing to documents that cannot say it, and leaves no trace in them', async (t) => {
  for (const openapi of [{ components: security }, { openapi: '3.0.3', components: security }]) {
    const app = await documented({ openapi }, true)
    t.notMatch(JSON.stringify(app.swagger()), /mutual/i)
    t.match(app.lines.find(({ openapi }: { openapi?: string }) => openapi !== undefined), { openapi: '3.0.3', level: 40 })
  }
  const swagger2 = await documented({ swagger: { securityDefinitions: security.securitySchemes } }, true)
  t.notMatch(JSON.stringify(swagger2.swagger()), /mutual/i)
  const app = await documented({ openapi: { openapi: '3.1.0', components: security } }, true, { openapi: false })
  t.notMatch(JSON.stringify(app.swagger()), /mutual/i)
})

test('hands on a static document as it is', async (t) => {
  const { app } = await mtlsApp()
  await app.register(fastifySwagger, { mode: 'static', specification: { document: { openapi: '3.1.0', info: { title: 'x', version: '1' }, paths: {} } } } as object)
  await app.register(fastifyAllowedClients)
  await app.ready()
  t.match((app as any).swagger({ yaml: true }), /openapi: 3\.1\.0/)
})

test('is not in the way of an app without documents', async (t) => {
  const { app } = await mtlsApp()
  await app.register(fastifyAllowedClients)
  app.get('/', { config }, answer)
  await t.resolves(async () => { await app.ready() })
})
