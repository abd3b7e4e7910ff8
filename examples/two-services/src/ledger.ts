import sensible from '@fastify/sensible'
import { fileCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import type { Paths } from './mint.ts'
import { TRUST_DOMAIN } from './mint.ts'
import type { Service, ServiceOptions } from './service.ts'

/** The ledger: `orders` may write entries, `orders` and operators may read them. All other clients are refused. */
export async function startLedger (paths: Paths, { port = 0, logger = true }: ServiceOptions = {}): Promise<Service> {
  const credentials = await fileCredentials({ ...paths, watch: true })
  const app = Fastify(withMtls(credentials, { logger }))
  await app.register(sensible)
  await app.register(fastifyMtls, { closeCredentials: true })
  await app.register(fastifyAllowedClients, {
    groups: {
      orders: { spiffe: `${TRUST_DOMAIN}/ns/shop/sa/orders` },
      operators: { ou: 'operators', issuer: { cn: 'Demo CA' } }
    }
  })

  const entries: Array<{ amount: number, by: string | undefined }> = []
  app.post<{ Body: { amount: number } }>('/entries', {
    config: { allowedClients: 'orders' }
  }, async (request, reply) => {
    const { amount } = request.body
    if (!Number.isFinite(amount)) throw app.httpErrors.badRequest('amount is not a number')
    entries.push({ amount, by: request.peer.spiffeId })
    return await reply.code(201).send({ entries: entries.length })
  })
  app.get('/entries', { config: { allowedClients: ['orders', 'operators'] } }, async () => entries)
  app.get<{ Params: { number: string } }>('/entries/:number', {
    config: { allowedClients: ['orders', 'operators'] }
  }, async (request, reply) => {
    return entries[Number(request.params.number) - 1] ?? reply.notFound()
  })

  await app.listen({ host: '127.0.0.1', port })
  return { origin: app.listeningOrigin, close: async () => { await app.close() } }
}
