import { memoryCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import type { Pki } from '../pki.ts'
import type { Service } from '../service.ts'

/** What not to do: all CAs are trusted for all names. */
export async function startOneList ({ ledger, internal, acme, globex }: Pki): Promise<Service> {
  const credentials = memoryCredentials({
    cert: ledger.chain, key: ledger.key, ca: [internal.root, acme.root, globex.root]
  })
  const app = Fastify(withMtls(credentials))
  await app.register(fastifyMtls)
  await app.register(fastifyAllowedClients, {
    groups: { orders: { spiffe: 'spiffe://prod.example/ns/shop/sa/orders' } }
  })
  app.get('/entries', { config: { allowedClients: ['orders'] } }, async () => 'all entries')
  app.addHook('onClose', async () => { await credentials.close() })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { origin: app.listeningOrigin, close: async () => { await app.close() } }
}
