import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import { spiffeCredentials } from '@peerkit/spiffe'
import Fastify from 'fastify'

/** The ledger: `orders` may write and read entries, the partner's `shop` may read them. Nobody else may do anything. */
export async function startLedger (socket: string) {
  const credentials = await spiffeCredentials({ socket, spiffeId: 'spiffe://prod.example/ledger' })
  const app = Fastify(withMtls(credentials))
  await app.register(fastifyMtls, { closeCredentials: true })
  await app.register(fastifyAllowedClients, {
    groups: {
      orders: { spiffe: 'spiffe://prod.example/orders' },
      shop: { spiffe: 'spiffe://partner.example/shop' }
    }
  })
  const entries: string[] = []
  app.get('/entries', { config: { allowedClients: ['orders', 'shop'] } }, async () => `${entries.length} entries`)
  app.post('/entries', { config: { allowedClients: 'orders' } }, async ({ peer }) => {
    entries.push(String(peer.spiffeId))
    return `entry ${entries.length} by ${peer.spiffeId}`
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { app, credentials, origin: app.listeningOrigin }
}
