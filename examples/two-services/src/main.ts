import { rm } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { collectAudit } from './audit.ts'
import { startLedger } from './ledger.ts'
import { mintWorld } from './mint.ts'
import { startOrders } from './orders.ts'
import { printCurlCommands } from './serve.ts'
import { callSteps } from './steps/calls.ts'
import { revocationStep } from './steps/revocation.ts'
import { rotationStep } from './steps/rotation.ts'
import { createTranscript } from './transcript.ts'

const { serve: isServing = false } = parseArgs({ options: { serve: { type: 'boolean' } } }).values
const transcript = createTranscript()
const world = await mintWorld()
const audit = collectAudit()
const ledger = await startLedger(world.paths('ledger'), { logger: isServing })
const orders = await startOrders(world.paths('orders'), ledger.origin, { logger: isServing })
const demo = { world, transcript, ledger: ledger.origin, orders: orders.origin }
let failed = false

async function stop (): Promise<void> {
  audit.stop()
  await orders.close()
  await ledger.close()
  await rm(world.folder, { recursive: true, force: true })
}

transcript.title(`Two services over mutual TLS: orders ${orders.origin} calls ledger ${ledger.origin}`)
if (isServing) {
  printCurlCommands(demo)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => { stop().catch(console.error) })
  }
} else {
  try {
    await callSteps(demo)
    await rotationStep(demo)
    await revocationStep(demo)
    transcript.title('5. The audit: who was refused, and why')
    for (const line of audit.lines) transcript.line(line)
    const expected = 'no_certificate, unknown_ca, no_match, revoked, revoked'
    transcript.expect('reasons in the audit', audit.reasons.join(', '), expected)
  } catch (error) {
    failed = true
    console.error(error)
  } finally {
    await stop()
  }
  transcript.title(failed ? 'FAILED: a step had an unexpected outcome.' : 'Every step had the expected outcome.')
  process.exitCode = failed ? 1 : 0
}
