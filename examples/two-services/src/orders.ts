import sensible from '@fastify/sensible'
import { fileCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import fastifyMtlsClient from '@peerkit/fastify-mtls-client'
import Fastify from 'fastify'
import type { Paths } from './mint.ts'
import { TRUST_DOMAIN } from './mint.ts'
import type { Service, ServiceOptions } from './service.ts'

declare module '@peerkit/fastify-mtls-client' {
  interface MtlsServices { ledger: true }
}

/** The orders of the shop. An operator places an order, and `orders` books it with the ledger. */
export async function startOrders (
  paths: Paths, ledger: string, { port = 0, logger = true }: ServiceOptions = {}
): Promise<Service> {
  const credentials = await fileCredentials({ ...paths, watch: true })
  const app = Fastify(withMtls(credentials, { logger }))
  await app.register(sensible)
  await app.register(fastifyMtls, { closeCredentials: true })
  await app.register(fastifyAllowedClients, {
    groups: { operators: { ou: 'operators', issuer: { cn: 'Demo CA' } } }
  })
  await app.register(fastifyMtlsClient, {
    services: { ledger: { origin: ledger, allowedServers: [{ spiffe: `${TRUST_DOMAIN}/ns/pay/sa/ledger` }] } }
  })

  app.post<{ Body: { amount: number } }>('/orders', {
    config: { allowedClients: 'operators' }
  }, async (request, reply) => {
    // The request id goes along, so that the logs of both services can be compared.
    const booked = await request.mtlsServices.ledger.request({
      method: 'POST',
      path: '/entries',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ amount: request.body.amount })
    })
    const answer = await booked.body.json()
    if (booked.statusCode !== 201) throw app.httpErrors.badGateway('the ledger did not accept the order')
    return await reply.code(201).send({ ledger: answer })
  })

  await app.listen({ host: '127.0.0.1', port })
  return { origin: app.listeningOrigin, close: async () => { await app.close() } }
}
