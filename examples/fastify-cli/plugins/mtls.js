import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls from '@peerkit/fastify-mtls'
import fp from 'fastify-plugin'

export default fp(async (fastify) => {
  await fastify.register(fastifyMtls)
  await fastify.register(fastifyAllowedClients, { groups: { billing: { ou: 'billing' } } })
})
