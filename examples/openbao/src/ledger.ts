import { renewingCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import { vaultIssuer } from '@peerkit/issuers/vault'
import type { AppRoleAuth } from '@peerkit/issuers/vault'
import Fastify from 'fastify'

/** Where OpenBao is, and what the service logs in with. */
export interface LedgerOptions {
  readonly url: string
  /** The CA of OpenBao's own certificate, PEM. */
  readonly ca: string
  readonly appRole: AppRoleAuth
}

/** The ledger: `orders` may read and write entries. Certificate, key, CA and CRLs are those of OpenBao. */
export async function startLedger ({ url, ca, appRole }: LedgerOptions) {
  const issuer = vaultIssuer({
    url,
    ca,
    auth: { appRole },
    mount: 'pki_int',
    role: 'ledger',
    names: { cn: 'ledger.example', uri: ['spiffe://prod.example/ledger'] },
    use: 'both',
    authority: { name: 'internal', names: { spiffe: 'spiffe://prod.example', dns: 'example' } },
    revocation: { mounts: ['pki'], ocsp: true, refreshInterval: 1_000 }
  })
  // OpenBao may be away for seconds here; in production the defaults do.
  const credentials = await renewingCredentials(issuer, { retryFirst: 500, retryLongest: 1_000 })
  const app = Fastify(withMtls(credentials))
  await app.register(fastifyMtls, { closeCredentials: true })
  await app.register(fastifyAllowedClients, { groups: { orders: { spiffe: 'spiffe://prod.example/orders' } } })
  app.addHook('onClose', async () => { await issuer.close() })
  const entries: string[] = []
  app.get('/entries', { config: { allowedClients: 'orders' } }, async () => `${entries.length} entries`)
  app.post('/entries', { config: { allowedClients: 'orders' } }, async ({ peer }) => {
    entries.push(String(peer.spiffeId))
    return `entry ${entries.length} by ${peer.spiffeId}, of the authority ${peer.authority}`
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { app, credentials, origin: app.listeningOrigin }
}
