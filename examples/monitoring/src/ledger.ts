import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { fileCredentials } from '@peerkit/credentials'
import type { FileCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import fastifyMtlsMonitor from '@peerkit/mtls-monitor/fastify'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'

export interface Ledger { readonly app: FastifyInstance, readonly credentials: FileCredentials }

/** A service that shows its metrics at http://127.0.0.1:9464/metrics, or at another port. */
export async function startLedger (metricsPort = 9464): Promise<Ledger> {
  const credentials = await fileCredentials({ cert: 'ledger.pem', key: 'ledger.key', ca: 'root.pem' })
  const exporter = new PrometheusExporter({ host: '127.0.0.1', port: metricsPort })
  const provider = new MeterProvider({ readers: [exporter] })

  const app = Fastify(withMtls(credentials, { logger: { level: 'error' } }))
  await app.register(fastifyMtls, { closeCredentials: true })
  await app.register(fastifyMtlsMonitor, { meter: provider.getMeter('mtls') })
  await app.register(fastifyAllowedClients)
  app.get('/invoices', { config: { allowedClients: { ou: 'billing' } } }, async () => [])
  app.addHook('onClose', async () => { await provider.shutdown() })

  await app.listen({ host: 'localhost', port: Number(process.env['PORT'] ?? 0) })
  return { app, credentials }
}
