import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'

export async function buildApp (credentials) {
  const app = Fastify(withMtls(credentials))
  await app.register(fastifyMtls)
  await app.register(fastifyAllowedClients, { groups: { billing: { ou: 'billing' }, auditors: { ou: 'audit' } } })
  app.get('/invoices', { config: { allowedClients: ['billing', 'auditors'] } }, async (request) => {
    return { hello: request.peer.commonName }
  })
  app.delete('/invoices/:number', { config: { allowedClients: 'auditors' } }, async () => 'removed')
  return app
}
