import { createServer } from 'node:http'
import { renewingCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import { acmeIssuer, http01Responder } from '@peerkit/issuers/acme'
import Fastify from 'fastify'

/** Where the ledger gets its certificate, and whom it serves. */
export interface LedgerOptions {
  /** The URL of the CA's directory: `https://acme-v02.api.letsencrypt.org/directory`. */
  readonly directory: string
  /** The CA of the directory's own certificate. Public CAs need none. */
  readonly ca: string
  /** The file of the account key. It is made at the first start. */
  readonly keyFile: string
  /** The plain port, where the CA looks for the challenge. 80 with a public CA. */
  readonly plainPort: number
  /** The CA of the clients. Public CAs no longer issue certificates for clients. */
  readonly clientsCa: string
}

/** The ledger: `orders` may read it. Its own certificate comes from an ACME server, and is renewed while it runs. */
export async function startLedger ({ directory, ca, keyFile, plainPort, clientsCa }: LedgerOptions) {
  const http01 = http01Responder()
  // The plain port answers the CA and nothing else.
  const plain = createServer((request, response) => {
    if (!http01.handle(request, response)) response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => { plain.listen(plainPort, '127.0.0.1', resolve) })
  const issuer = acmeIssuer({
    directory,
    ca,
    names: { dns: ['localhost'] },
    account: { keyFile, contacts: ['mailto:ops@ledger.example'], termsOfServiceAgreed: true },
    challenges: { http01 }
  })
  const credentials = await renewingCredentials(issuer, {
    ca: clientsCa,
    // Our own chain leads to the ACME server's root, and not to the CA of the clients.
    chain: 'unchecked',
    use: 'server',
    timeout: 60_000
  })
  const app = Fastify(withMtls(credentials))
  await app.register(fastifyMtls, { closeCredentials: true })
  await app.register(fastifyAllowedClients, { groups: { orders: { cn: 'orders' } } })
  app.get('/entries', { config: { allowedClients: 'orders' } }, async ({ peer }) => `entries for ${peer.subject}`)
  app.addHook('onClose', async () => { await new Promise((resolve) => plain.close(resolve)) })
  await app.listen({ host: 'localhost', port: 0 })
  return { app, credentials, issuer, origin: `https://localhost:${new URL(app.listeningOrigin).port}` }
}
