import { join } from 'node:path'
import { blockFile, fileCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import type { Authorities } from './authorities.ts'

type Log = (line: string) => void
export interface Service { readonly origin: string, close (): Promise<void> }

export async function startService (folder: string, authorities: Authorities, write: Log): Promise<Service> {
  const [cert, key] = [join(folder, 'ledger.pem'), join(folder, 'ledger.key')]
  const credentials = await fileCredentials({ cert, key, authorities })
  const block = await blockFile(join(folder, 'block.yaml'))

  const app = Fastify(withMtls(credentials, { logger: { level: 'warn', stream: { write } }, mtls: { block } }))
  await app.register(fastifyMtls)
  await app.register(fastifyAllowedClients, {
    groups: {
      orders: { spiffe: 'spiffe://prod.example/ns/shop/sa/orders', authority: 'internal' },
      acme: { spiffe: 'spiffe://acme.example/**', authority: 'acme' },
      globex: { o: 'Globex', dns: '*.globex.example', authority: 'globex' },
      oldShop: { dns: 'shop.globex.example', authority: 'public' }
    }
  })
  app.get('/entries', { config: { allowedClients: ['orders', 'acme', 'globex', 'oldShop'] } }, async ({ peer }) => {
    return { authority: peer.authority, notBelieved: peer.notBelieved }
  })

  app.addHook('onClose', async () => { await Promise.all([credentials.close(), block.close()]) })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { origin: app.listeningOrigin, close: async () => { await app.close() } }
}
