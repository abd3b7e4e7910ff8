import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { memoryCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import { TRUST_DOMAIN } from './mint.ts'
import type { Cast } from './mint.ts'

export interface Ledger { readonly origin: string, close (): Promise<void> }

/** The service that `accounts` calls. */
export async function startLedger ({ cert, key, ca }: { readonly cert: string, readonly key: string, readonly ca: string }): Promise<Ledger> {
  const credentials = memoryCredentials({ cert, key, ca })
  const app = Fastify(withMtls(credentials, { logger: { level: 'silent' } }))
  await app.register(fastifyMtls)
  await app.register(fastifyAllowedClients, { defaultRules: [{ spiffe: `${TRUST_DOMAIN}/ns/bank/sa/accounts` }] })
  app.get('/', async () => 'booked')
  app.addHook('onClose', async () => { await credentials.close() })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { origin: app.listeningOrigin, close: async () => { await app.close() } }
}

/** The same in a thread of its own: events are a thread's own, and the console of `accounts` shall not hear those of another service. */
export async function startLedgerThread ({ ca, ledger }: Cast): Promise<Ledger> {
  const worker = new Worker(new URL('./ledger-thread.ts', import.meta.url), { workerData: { cert: ledger.chain, key: ledger.key, ca: ca.root } })
  const [origin] = await once(worker, 'message')
  return {
    origin,
    close: async () => {
      worker.postMessage('close')
      await once(worker, 'exit')
    }
  }
}
