import { fileCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'

// The files are watched: a new certificate, CA or CRL takes effect at once.
const credentials = await fileCredentials({ cert: 'ledger.pem', key: 'ledger.key', ca: 'root.pem', crl: 'crl.pem' })

export const app = Fastify(withMtls(credentials, { logger: { level: 'warn' } }))
await app.register(fastifyMtls, { closeCredentials: true })
await app.register(fastifyAllowedClients, { groups: { billing: { ou: 'billing' } } })

app.get('/invoices', { config: { allowedClients: 'billing' } }, async ({ peer }) => ({ hello: peer.commonName }))
app.get('/whoami', { config: { allowedClients: 'authenticated' } }, async ({ peer }) => String(peer))

await app.listen({ host: 'localhost', port: Number(process.env['PORT'] ?? 0) })
