import { memoryCredentials } from '@peerkit/credentials'
import type { MemoryCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import fastifyMtlsClient from '@peerkit/fastify-mtls-client'
import fastifyMtlsConsole from '@peerkit/fastify-mtls-console'
import Fastify from 'fastify'
import { TRUST_DOMAIN } from './mint.ts'
import type { Cast } from './mint.ts'

declare module '@peerkit/fastify-mtls-client' {
  interface MtlsServices { ledger: true, mail: true }
}

export interface Accounts {
  readonly origin: string
  readonly credentials: MemoryCredentials
  close (): Promise<void>
}

/** A service with a console for its operators. */
export async function startAccounts (cast: Cast, ledger: string, port: number): Promise<Accounts> {
  const credentials = memoryCredentials({
    cert: cast.server.chain,
    key: cast.server.key,
    ca: [cast.ca.root, cast.oldCa.root],
    crl: [(await cast.ca.crl()).pem, (await cast.oldCa.crl()).pem]
  })
  // Without a log, because the console is what this example shows.
  const app = Fastify(withMtls(credentials, { logger: false, mtls: { clientCertificate: 'optional' } }))
  await app.register(fastifyMtls, { closeCredentials: true })
  await app.register(fastifyAllowedClients, {
    groups: {
      operators: { ou: 'operators', issuer: { cn: 'Demo CA 2026' } },
      billing: [
        { spiffe: `${TRUST_DOMAIN}/ns/bank/sa/billing` },
        { cn: 'legacy-batch', issuer: { cn: 'Demo CA 2021' } }
      ],
      partners: { dns: '*.partner.example' }
    }
  })
  await app.register(fastifyMtlsClient, {
    services: {
      ledger: { origin: ledger, allowedServers: [{ spiffe: `${TRUST_DOMAIN}/ns/bank/sa/ledger` }] },
      mail: {
        origin: 'https://mail.internal:8443',
        allowedServers: [{ dns: 'mail.internal', issuer: { cn: 'Demo CA 2026' } }]
      }
    }
  })

  app.get('/accounts', { config: { allowedClients: ['billing', 'operators', 'partners'] } }, async () => [])
  app.get('/accounts/:id', { config: { allowedClients: ['billing', 'operators'] } }, async () => ({}))
  app.delete('/accounts/:id', { config: { allowedClients: 'operators' } }, async () => ({ deleted: true }))
  app.post('/entries', { config: { allowedClients: 'billing' } }, async ({ mtlsServices }) => {
    const { statusCode } = await mtlsServices.ledger.request({ path: '/' })
    return statusCode
  })
  app.get('/reports', {
    config: {
      allowedClients: ['operators', (peer) => peer.organizationalUnit === 'reports'],
      allowedClientsMode: 'report-only'
    }
  }, async () => [])
  // A route without rules: it answers 403 to every client.
  app.get('/forgotten', async () => 'no client gets this')
  app.get('/healthz', { config: { allowedClients: 'public' } }, async () => 'ok')
  await app.register(async (admin) => {
    admin.mtls.allow('operators')
    admin.put('/limits', { config: { allowedClients: { cn: 'Olga Operator' } } }, async () => 'set')
  }, { prefix: '/admin' })

  await app.register(fastifyMtlsConsole, { prefix: '/console', allowedClients: 'operators' })

  await app.listen({ host: '127.0.0.1', port })
  return { origin: app.listeningOrigin, credentials, close: async () => { await app.close() } }
}
