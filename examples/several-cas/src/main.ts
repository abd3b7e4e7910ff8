import { rm } from 'node:fs/promises'
import { makePki } from './pki.ts'
import { behindGateway } from './steps/gateway.ts'
import { blocking, ownNames, rollover, strangers, untilADay } from './steps/inbound.ts'
import { lists } from './steps/lists.ts'
import { openConnections } from './steps/open-connections.ts'
import { outbound } from './steps/outbound.ts'
import { wrongRules } from './steps/rules.ts'
import { createTranscript } from './transcript.ts'

const transcript = createTranscript()
const pki = await makePki()
try {
  const steps = [
    strangers, ownNames, wrongRules, openConnections, rollover, lists, untilADay, blocking, behindGateway, outbound
  ]
  for (const step of steps) await step(pki, transcript)
  transcript.title('Every step did what it should.')
} catch (error) {
  console.error(error)
  transcript.title('FAILED: a step did not do what it should.')
  process.exitCode = 1
} finally {
  await rm(pki.folder, { recursive: true, force: true })
}
