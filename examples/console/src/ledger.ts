import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { memoryCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import { TRUST_DOMAIN } from './mint.ts'
import type { Cast } from './mint.ts'

export interface Ledger { readonly origin: string, close (): Promise<void> }

/** PEM. */
export interface LedgerMaterial { readonly cert: string, readonly key: string, readonly ca: string }

/** The service that `accounts` calls. */
export async function startLedger ({ cert, key, ca }: LedgerMaterial): Promise<Ledger> {
  const credentials = memoryCredentials({ cert, key, ca })
  const app = Fastify(withMtls(credentials, { logger: false }))
  await app.register(fastifyMtls, { closeCredentials: true })
  await app.register(fastifyAllowedClients, { defaultRules: { spiffe: `${TRUST_DOMAIN}/ns/bank/sa/accounts` } })
  app.get('/', async () => 'booked')
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { origin: app.listeningOrigin, close: async () => { await app.close() } }
}

/**
 * Starts the same service in another thread. Each thread has its own events, and the console of `accounts` must not
 * show those of another service.
 */
export async function startLedgerThread ({ ca, ledger }: Cast): Promise<Ledger> {
  const workerData: LedgerMaterial = { cert: ledger.chain, key: ledger.key, ca: ca.root }
  const worker = new Worker(new URL('./ledger-thread.ts', import.meta.url), { workerData })
  const [origin] = await once(worker, 'message')
  return {
    origin,
    close: async () => {
      worker.postMessage('close')
      await once(worker, 'exit')
    }
  }
}
