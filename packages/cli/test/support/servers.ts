import { once } from 'node:events'
import type { EventEmitter } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import type { Test } from 'tap'

/** Listens on 127.0.0.1 until the test is over; `host:port`. */
export async function listen (t: Test, server: Server): Promise<string> {
  const open = new Set<{ destroy (): void }>()
  server.on('connection', (socket) => { open.add(socket) })
  server.on('tlsClientError', () => {})
  // Who looks at a server leaves without ceremony.
  server.on('secureConnection', (socket: EventEmitter) => { socket.on('error', () => {}) })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}
