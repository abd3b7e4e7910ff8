import cluster from 'node:cluster'
import { subscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { fileCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'

/** What a worker tells the primary process. */
export type WorkerMessage =
  | { readonly type: 'reloaded' }
  | { readonly type: 'refused', readonly reason: string }

const folder = process.env['CLUSTER_FOLDER'] ?? ''
const id = cluster.worker?.id
const tell = (message: WorkerMessage): void => { if (process.connected) process.send?.(message) }

const credentials = await fileCredentials({
  cert: join(folder, 'server.pem'),
  key: join(folder, 'server.key'),
  ca: join(folder, 'ca.pem'),
  crl: join(folder, 'crl.pem'),
  watch: true
})
const app = Fastify(withMtls(credentials, {
  // The same secret in all workers. A function is asked again, so that a new secret needs no restart.
  mtls: { ticketSecret: () => readFileSync(join(folder, 'ticket-secret')) }
}))
await app.register(fastifyMtls, { closeCredentials: true })
await app.register(fastifyAllowedClients)

app.get('/', { config: { allowedClients: { ou: 'operators' } } }, async ({ peer, raw }) => {
  return { worker: id, resumed: (raw.socket as TLSSocket).isSessionReused(), name: peer.commonName }
})

// For the demonstration: the primary prints who noticed what.
credentials.subscribe(({ type }) => { if (type === 'rotated') tell({ type: 'reloaded' }) })
subscribe('peerkit:handshake:refused', (message) => {
  tell({ type: 'refused', reason: (message as { reason: string }).reason })
})

// Under PM2 and systemd too. Requests that have begun are answered. Other connections are closed: clients repeat.
process.once('SIGTERM', () => {
  app.close().then(() => { cluster.worker?.disconnect() }, (error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})

await app.listen({ host: '127.0.0.1', port: 0 })
