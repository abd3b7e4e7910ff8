import { fileTrust } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import type { Authorities } from './authorities.ts'
import type { Service } from './service.ts'

/** The same rules behind a gateway that terminates TLS: the service has no certificate and no key. */
export async function startBehindGateway (authorities: Authorities, verifiedAs?: string): Promise<Service> {
  const trust = await fileTrust({ authorities })
  const app = Fastify()
  await app.register(fastifyMtls, {
    trust,
    forwarded: {
      format: 'rfc9440',
      gateways: { addresses: ['127.0.0.1'] },
      ...(verifiedAs !== undefined && { verifiedAs })
    }
  })
  await app.register(fastifyAllowedClients, {
    groups: {
      orders: { spiffe: 'spiffe://prod.example/ns/shop/sa/orders', authority: 'internal' },
      globex: { o: 'Globex', dns: '*.globex.example', authority: 'globex' }
    }
  })
  app.get('/entries', { config: { allowedClients: ['orders', 'globex'] } }, async ({ peer }) => {
    return { authority: peer.authority }
  })
  app.addHook('onClose', async () => { await trust.close() })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { origin: app.listeningOrigin, close: async () => { await app.close() } }
}
