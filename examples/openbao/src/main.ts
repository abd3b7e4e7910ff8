import { startCaller } from './caller.ts'
import { startLedger } from './ledger.ts'
import { callSteps, outageStep, renewalStep, revocationStep } from './steps.ts'
import { createTranscript } from './transcript.ts'
import { startWorld } from './world.ts'

const transcript = createTranscript()

async function play (): Promise<void> {
  transcript.title('OpenBao is starting, with a root, an issuing CA and AppRole')
  const world = await startWorld()
  const open: Array<() => Promise<void>> = [async () => { await world.close() }]
  try {
    const { bao: { url, ca }, logins } = world
    const ledger = await startLedger({ url, ca, appRole: logins.ledger })
    open.unshift(async () => { await ledger.app.close() })
    const callers = { url, ca, appRole: logins.callers }
    const [orders, intern] = [await startCaller(callers, 'orders'), await startCaller(callers, 'intern')]
    open.unshift(async () => { await Promise.all([orders.close(), intern.close()]) })
    const services = { ledger, orders, intern }
    await callSteps(services, transcript)
    await renewalStep(services, transcript)
    await outageStep(world, services, transcript)
    await revocationStep(world, services, transcript)
  } finally {
    for (const close of open) await close()
  }
}

try {
  await play()
  transcript.title('Every step did what it should.')
} catch (error) {
  console.error((error as Error).message)
  transcript.title('FAILED: a step did not do what it should.')
  process.exitCode = 1
}
