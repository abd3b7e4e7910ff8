import { parentPort, workerData } from 'node:worker_threads'
import { startLedger } from './ledger.ts'
import type { LedgerMaterial } from './ledger.ts'

const ledger = await startLedger(workerData as LedgerMaterial)
parentPort?.once('message', async () => {
  await ledger.close()
  process.exit()
})
parentPort?.postMessage(ledger.origin)
