import { setTimeout as wait } from 'node:timers/promises'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import fastifyMtlsMonitor from '@peerkit/mtls-monitor/fastify'
import Fastify from 'fastify'
import { podCredentials } from './identity.ts'
import { startProbes } from './probes.ts'

const { PORT = '8443', PROBE_PORT = '9000', DRAIN = '5000' } = process.env

const credentials = await podCredentials()
const app = Fastify(withMtls(credentials, { logger: true }))
await app.register(fastifyMtls, { closeCredentials: true })
await app.register(fastifyMtlsMonitor)
await app.register(fastifyAllowedClients)
app.get('/entries', {
  config: { allowedClients: { spiffe: 'spiffe://cluster.example/ns/prod/sa/orders' } }
}, async ({ peer }) => `entries for ${peer.spiffeId}`)
await app.listen({ host: '0.0.0.0', port: Number(PORT) })

let isStopping = false
const probes = await startProbes(Number(PROBE_PORT), () => !isStopping && app.mtls.monitor.ready().ready)
app.log.info({ port: new URL(app.listeningOrigin).port, probePort: String(probes.port) }, 'the ledger is up')

// Kubernetes goes on to send connections for a moment after SIGTERM. So the pod says that it is not ready, waits, and
// closes then.
process.once('SIGTERM', () => {
  isStopping = true
  wait(Number(DRAIN)).then(() => app.close()).then(() => probes.close()).catch((error: unknown) => {
    app.log.error(error)
    process.exit(1)
  })
})
