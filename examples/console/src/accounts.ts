import { memoryCredentials } from '@peerkit/credentials'
import type { AuthorityMaterial, MemoryCredentials } from '@peerkit/credentials'
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
  /** Reads the rules file again. */
  reloadRules (): Promise<void>
  close (): Promise<void>
}

const DAY = 86_400_000

type Authorities = Readonly<Record<string, AuthorityMaterial>>

/** Whom the service trusts: its own CAs for every name, and the CA of a partner for the partner's names. */
export async function trust ({ ca, oldCa, partnerCa }: Cast, isOldTrusted: boolean): Promise<Authorities> {
  const own = isOldTrusted ? [ca, oldCa] : [ca]
  const crls = await Promise.all(own.map(async (one) => await one.crl()))
  const acceptUntil = new Date(Date.now() + 60 * DAY).toISOString().slice(0, 10)
  return {
    internal: { ca: own.map(({ root }) => root), crl: crls.map(({ pem }) => pem), names: 'any' },
    partner: { ca: partnerCa.root, names: { dns: 'partner.example' }, for: 'clients', serverAuthOnly: { acceptUntil } }
  }
}

interface Place { readonly ledger: string, readonly rules: string, readonly port: number }

/**
 * A service with a console for its operators.
 *
 * @param place the address of the ledger, the path of the rules file, and the port
 */
export async function startAccounts (cast: Cast, { ledger, rules, port }: Place): Promise<Accounts> {
  const credentials = memoryCredentials({
    cert: cast.server.chain,
    key: cast.server.key,
    authorities: await trust(cast, true)
  })
  // Without a log, because the console is what this example shows.
  const app = Fastify(withMtls(credentials, { logger: false, mtls: { clientCertificate: 'optional' } }))
  await app.register(fastifyMtls, { closeCredentials: true })
  await app.register(fastifyAllowedClients, {
    // The groups partners and reporting.
    file: rules,
    groups: {
      operators: { ou: 'operators', issuer: { cn: 'Demo CA 2026' } },
      billing: [
        { spiffe: `${TRUST_DOMAIN}/ns/bank/sa/billing` },
        { cn: 'legacy-batch', issuer: { cn: 'Demo CA 2021' } }
      ]
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
      allowedClients: ['operators', 'reporting', (peer) => peer.organizationalUnit === 'audit'],
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

  await app.register(fastifyMtlsConsole, { prefix: '/console', allowedClients: 'operators', instance: 'accounts-1' })

  await app.listen({ host: '127.0.0.1', port })
  return {
    origin: app.listeningOrigin,
    credentials,
    reloadRules: async () => { await app.mtls.reload() },
    close: async () => { await app.close() }
  }
}
