// A file of its own: what is tried once for the process has to fail from the start.
import { EventEmitter, once } from 'node:events'
import { syncBuiltinESMExports } from 'node:module'
import tls from 'node:tls'
import { test } from 'tap'

test('where Node does not show TLS sockets in time, that is told, and clients of known CAs are served', async (t) => {
  const { createServer } = tls
  tls.createServer = (() => new EventEmitter()) as unknown as typeof createServer
  syncBuiltinESMExports()
  const { listen } = await import('@peerkit/events')
  const { call, startWorld } = await import('./support/world.ts')
  t.after(() => {
    tls.createServer = createServer
    syncBuiltinESMExports()
  })
  const told: unknown[] = []
  t.after(
    listen({
      'peerkit:handshake:chain-unavailable': (message) => {
        told.push(message)
      }
    })
  )
  const warned = once(process, 'warning')
  const world = await startWorld(t)
  t.match(await warned, [
    {
      name: 'PeerkitWarning',
      code: 'MTLS_WARN_CHAIN_UNAVAILABLE',
      message: /list them in the option intermediates/
    }
  ])
  t.match(told, [{ v: 1, time: Number, message: /does not expose the intermediate certificates that clients send/, node: process.version }])
  t.match(await call(world, world.client), { status: 200 })
})
