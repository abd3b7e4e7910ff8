import { parentPort, workerData } from 'node:worker_threads'
import { startLedger } from './ledger.ts'

const ledger = await startLedger(workerData as Parameters<typeof startLedger>[0])
parentPort?.once('message', async () => {
  await ledger.close()
  process.exit()
})
parentPort?.postMessage(ledger.origin)
