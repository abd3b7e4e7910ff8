import { fileCredentials } from '@peerkit/credentials'
import type { FileCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import type { PeerIdentity } from '@peerkit/identity'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'

/** Which accounts customers opened to which provider. A bank has them in its database. */
const CONSENTS: Readonly<Record<string, readonly string[]>> = { 'PSDDE-BAFIN-123456': ['DE89370400440532013000'] }

const supervised = { statement: 'QcCompliance', type: 'web' } as const
const provider = { type: 'PSD' } as const

export interface Bank { readonly app: FastifyInstance, readonly credentials: FileCredentials }

/** The API of a bank. Roles decide who may call a route, and consents what a provider sees. */
export async function startBank (): Promise<Bank> {
  const credentials = await fileCredentials({
    cert: 'bank.pem',
    key: 'bank.key',
    authorities: {
      bank: { ca: 'root.pem', names: 'any' },
      // The CAs of the EU's trusted lists. They vouch for clients, and for what a QWAC says.
      qwac: {
        ca: 'qwac/root.pem',
        crl: 'qwac/crl.pem',
        for: 'clients',
        names: { subject: 'any', qualified: { type: 'web' } }
      }
    }
  })
  const app = Fastify(withMtls(credentials, { logger: { level: 'warn' } }))
  await app.register(fastifyMtls, { closeCredentials: true })
  await app.register(fastifyAllowedClients, {
    groups: {
      accountInformation: {
        authority: 'qwac',
        qualified: { ...supervised, psd2: { roles: 'PSP_AI' } },
        subject: { organizationIdentifier: provider }
      },
      paymentInitiation: {
        authority: 'qwac',
        qualified: { ...supervised, psd2: { roles: 'PSP_PI' } },
        subject: { organizationIdentifier: provider }
      }
    }
  })

  app.get('/accounts', { config: { allowedClients: 'accountInformation' } }, async ({ peer }) => {
    return CONSENTS[numberOf(peer)] ?? []
  })
  app.post<{ Body: { amount: number } }>('/payments', {
    config: { allowedClients: 'paymentInitiation' }
  }, async ({ peer, body }) => ({ pays: body.amount, initiatedBy: numberOf(peer) }))

  await app.listen({ host: 'localhost', port: Number(process.env['PORT'] ?? 0) })
  return { app, credentials }
}

/** The number of authorization, such as PSDDE-BAFIN-123456. The rules require it. */
function numberOf (peer: PeerIdentity): string { return peer.subject?.values('organizationIdentifier')[0] ?? '' }
