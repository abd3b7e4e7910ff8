import { fileCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import { compileRules } from '@peerkit/rules'
import Fastify from 'fastify'

/** The app. It believes the header from `gateway.internal`, and from nobody else. Its CA is not that of the clients. */
export async function startApp (certs: string) {
  const credentials = await fileCredentials({
    cert: `${certs}/app.crt`, key: `${certs}/app.key`, ca: `${certs}/mesh-ca.crt`, watch: true
  })
  const app = Fastify(withMtls(credentials))
  await app.register(fastifyMtls, {
    closeCredentials: true,
    forwarded: { format: 'nginx', gateways: { identity: compileRules([{ dns: 'gateway.internal' }]) } }
  })
  await app.register(fastifyAllowedClients)
  app.get('/invoices', { config: { allowedClients: { ou: 'billing' } } }, async ({ peer }) => {
    return `${peer.commonName} via ${peer.via.map(({ commonName }) => commonName).join()}`
  })
  // The gateway's health check comes without a client.
  app.get('/health', { config: { allowedClients: 'public' } }, async () => 'up')
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { address: new URL(app.listeningOrigin).host, close: async () => { await app.close() } }
}
