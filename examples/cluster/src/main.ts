import { Caller } from './caller.ts'
import { replacementStep, resumptionStep, revocationStep } from './steps.ts'
import { createTranscript } from './transcript.ts'
import { startWorkers } from './workers.ts'
import { makeWorld } from './world.ts'

const transcript = createTranscript()

async function play (): Promise<void> {
  const world = await makeWorld()
  try {
    const workers = await startWorkers(world.folder, 2)
    try {
      transcript.title(`Workers ${workers.ids.join(' and ')} listen on port ${workers.port}`)
      const olga = new Caller(world.olga, world.ca, workers.port)
      const demo = { world, workers, transcript }
      await resumptionStep(demo, olga)
      await replacementStep(demo, olga)
      await revocationStep(demo, olga)
    } finally {
      await workers.close()
    }
  } finally {
    await world.remove()
  }
}

try {
  await play()
  transcript.title('Every step did what it should.')
} catch (error) {
  console.error(error)
  transcript.title('FAILED: a step did not do what it should.')
  process.exitCode = 1
}
