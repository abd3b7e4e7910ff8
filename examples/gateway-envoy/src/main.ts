import { startApp } from './app.ts'
import { findEnvoy } from './find-tool.ts'
import { startEnvoy } from './envoy.ts'
import { directSteps, gatewaySteps } from './steps.ts'
import { createTranscript } from './transcript.ts'
import { makeWorld } from '@peerkit/example-support/gateway-world'

const transcript = createTranscript()

async function play (): Promise<void> {
  findEnvoy()
  const world = await makeWorld()
  try {
    const app = await startApp(world.certs)
    try {
      const gateway = await startEnvoy(world, app.address)
      try {
        transcript.title(`Clients → Envoy ${gateway.address} → the app ${app.address}`)
        const demo = { world, transcript, gateway: gateway.address, app: app.address }
        await gatewaySteps(demo)
        await directSteps(demo)
      } finally {
        await gateway.close()
      }
    } finally {
      await app.close()
    }
  } finally {
    world.remove()
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
