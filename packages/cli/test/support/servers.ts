import type { Server } from 'node:net'
import { listen as listenOn } from '@peerkit/test-support/listen'
import type { Test } from 'tap'

/** Listens on 127.0.0.1 until the test is over; `host:port`. */
export async function listen (t: Test, server: Server): Promise<string> {
  const { port, close } = await listenOn(server)
  t.teardown(close)
  return `127.0.0.1:${port}`
}
