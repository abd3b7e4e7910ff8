import { fileCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import fastifyMtlsClient from '@peerkit/fastify-mtls-client'
import Fastify from 'fastify'
import type { Service } from './ledger.ts'
import type { Paths } from './mint.ts'
import { TRUST_DOMAIN } from './mint.ts'

declare module '@peerkit/fastify-mtls-client' {
  interface MtlsServices { ledger: true }
}

/** The shop's orders: an operator places one, and it is booked with the ledger, which must prove to be the ledger. */
export async function startOrders (paths: Paths, ledger: string, port = 0): Promise<Service> {
  const credentials = await fileCredentials({ ...paths, watch: true })
  const app = Fastify(withMtls(credentials, { logger: { level: 'silent' } }))
  await app.register(fastifyMtls)
  await app.register(fastifyAllowedClients, { groups: { operators: { ou: 'operators', issuer: { cn: 'Demo CA' } } } })
  await app.register(fastifyMtlsClient, {
    credentials,
    services: { ledger: { origin: ledger, allowedServers: [{ spiffe: `${TRUST_DOMAIN}/ns/pay/sa/ledger` }] } }
  })

  app.post<{ Body: { amount: number } }>('/orders', { config: { allowedClients: ['operators'] } }, async (request, reply) => {
    const booked = await app.mtlsServices.ledger.request({
      method: 'POST', path: '/entries', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ amount: request.body.amount })
    })
    return await reply.code(booked.statusCode).send({ ledger: await booked.body.json() })
  })

  app.addHook('onClose', async () => { await credentials.close() })
  await app.listen({ host: '127.0.0.1', port })
  return { origin: app.listeningOrigin, close: async () => { await app.close() } }
}
