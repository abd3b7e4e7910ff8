import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { test } from 'tap'
import type { RevocationStatus } from '@peerkit/revocation'
import { dial } from './support/dial.ts'
import type { Protocol } from './support/dial.ts'
import { GOOD, stubChecker } from './support/watched.ts'
import { startWorld } from './support/world.ts'

for (const protocol of ['HTTP/1.1', 'HTTP/2'] satisfies Protocol[]) {
  test(`${protocol}: a connection that is accepted after the server began to close does not keep it open`, async (t) => {
    const asked = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<RevocationStatus>()
    const revocation = stubChecker(() => {
      asked.resolve()
      return answer.promise
    })
    const world = await startWorld(t, { settings: { revocation, http2: protocol === 'HTTP/2' } })
    const dialled = await dial(world, protocol, { cert: world.client.chain, key: world.client.key })
    await asked.promise
    const ended = once(dialled.socket, 'close')
    const closed = world.app.close()
    // Until the server has begun to close, a connection is one like any other, and Node waits for its request.
    while (world.app.server.listening) await setImmediate()
    answer.resolve(GOOD)
    await closed
    await ended
    t.strictSame(world.refusals, [], 'it was not refused for its certificate')
  })
}
