import Fastify from 'fastify'

/**
 * Probes on a port of their own, without TLS: the kubelet has no certificate. The port of the service stays closed to
 * everyone who has none.
 */
export async function startProbes (port: number, isReady: () => boolean) {
  const app = Fastify()
  app.get('/live', async () => 'alive')
  app.get('/ready', async (_request, reply) => await reply.code(isReady() ? 200 : 503).send())
  await app.listen({ host: '0.0.0.0', port })
  return { port: Number(new URL(app.listeningOrigin).port), close: async () => { await app.close() } }
}
