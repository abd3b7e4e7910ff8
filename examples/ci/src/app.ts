import { fileCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'

/** The app under test. Who may call it stands in rules.yaml. */
export async function buildApp (): Promise<FastifyInstance> {
  const credentials = await fileCredentials({ cert: 'ledger.pem', key: 'ledger.key', ca: 'pki/root.pem' })
  const app = Fastify(withMtls(credentials))
  await app.register(fastifyMtls, { closeCredentials: true })
  await app.register(fastifyAllowedClients, { file: 'rules.yaml' })
  app.get('/invoices', async ({ peer }) => ({ hello: peer.commonName }))
  app.delete('/invoices/:number', async (_request, reply) => await reply.code(204).send())
  return app
}
