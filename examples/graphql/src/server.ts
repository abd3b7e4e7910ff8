import { fileCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import mercurius from 'mercurius'
import { resolvers, schema } from './schema.ts'

/** Partners and staff may ask. What they see of an account depends on the field. */
export async function startServer (): Promise<FastifyInstance> {
  const credentials = await fileCredentials({ cert: 'accounts.pem', key: 'accounts.key', ca: 'root.pem' })
  const app = Fastify(withMtls(credentials, { logger: { level: 'warn' } }))
  await app.register(fastifyMtls, { closeCredentials: true })
  await app.register(fastifyAllowedClients, { groups: { staff: { ou: 'staff' }, partners: { ou: 'partners' } } })

  await app.register(async (graphql) => {
    // The rule of the route: others get 403 before the query is read. mercurius adds the route /graphql here.
    graphql.mtls.allow(['staff', 'partners'])
    await graphql.register(mercurius, { schema, resolvers })
  })

  await app.listen({ host: 'localhost', port: Number(process.env['PORT'] ?? 0) })
  return app
}
