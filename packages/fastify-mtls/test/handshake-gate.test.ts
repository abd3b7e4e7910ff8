import { EventEmitter } from 'node:events'
import { test } from 'tap'
import { HandshakeGate } from '../src/handshake/handshake-gate.ts'
import type { HandshakeGateOptions, MtlsServer } from '../src/handshake/handshake-gate.ts'

/** A TCP connection of which nothing but its end is known. */
class Connection extends EventEmitter {
  destroyed = 0
  destroy (): void { this.destroyed += 1 }
}

test('a gate knows the open connections alone: those that have closed are forgotten', async (t) => {
  const gate = new HandshakeGate({} as HandshakeGateOptions)
  const server = new EventEmitter()
  gate.install(server as unknown as MtlsServer)
  const [closed, open] = [new Connection(), new Connection()]
  for (const connection of [closed, open]) server.emit('connection', connection)
  closed.emit('close')
  gate.closeConnections()
  t.strictSame([closed.destroyed, open.destroyed], [0, 1])
})
