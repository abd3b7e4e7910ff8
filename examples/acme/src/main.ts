import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import { startCaller } from './caller.ts'
import { startLedger } from './ledger.ts'
import { startDns } from './pebble/dns.ts'
import { startPebble } from './pebble/pebble.ts'
import { freePort } from './pebble/program.ts'
import { callStep, certificateStep, renewalStep } from './steps.ts'
import { createTranscript } from './transcript.ts'

const transcript = createTranscript()
/** What was started, to be ended in reverse. */
const started: Array<() => Promise<unknown>> = []

async function play (): Promise<void> {
  transcript.title('Pebble, the ACME server of Let\'s Encrypt for tests, and its DNS are starting')
  const dns = await startDns()
  started.push(dns.close)
  const plainPort = await freePort()
  const pebble = await startPebble({ httpPort: plainPort, dns: dns.address, profiles: { default: 15 } })
  started.push(pebble.close)
  const folder = await mkdtemp(join(tmpdir(), 'acme-'))
  started.push(async () => { await rm(folder, { recursive: true }) })
  const keyFile = join(folder, 'account.pem')
  const clients = await createDevCa({ name: 'Clients' })

  const { directory, ca } = pebble
  const ledger = await startLedger({ directory, ca, keyFile, plainPort, clientsCa: clients.root })
  started.push(async () => { await ledger.app.close() })
  const orders = await startCaller(clients, 'orders', pebble.root)
  started.push(orders.close)
  const intern = await startCaller(clients, 'intern', pebble.root)
  started.push(intern.close)

  const services = { ledger, orders, intern }
  await certificateStep(services, transcript)
  transcript.expect('mode of the account key', ((await stat(keyFile)).mode & 0o777).toString(8), '600')
  await callStep(services, transcript)
  await renewalStep(services, transcript)
}

try {
  await play()
  transcript.title('Every step did what it should.')
} catch (error) {
  console.error((error as Error).message)
  transcript.title('FAILED: a step did not do what it should.')
  process.exitCode = 1
} finally {
  for (const end of started.reverse()) await end()
}
