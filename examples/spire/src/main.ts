import { startServices } from './services.ts'
import { callSteps, federationStep, rotationStep } from './steps.ts'
import { createTranscript } from './transcript.ts'
import { startWorld } from './world.ts'

const transcript = createTranscript()

async function play (): Promise<void> {
  transcript.title('Two SPIRE servers and their agents are starting: prod.example and partner.example')
  const world = await startWorld()
  try {
    const services = await startServices(world)
    try {
      await callSteps(services, transcript)
      await rotationStep(services, transcript)
      await federationStep(world, services, transcript)
    } finally {
      await services.close()
    }
  } finally {
    await world.close()
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
