export default async (fastify) => {
  fastify.get('/', { config: { allowedClients: 'billing' } }, async (request) => ({ hello: request.peer.commonName }))
}
