import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import type { CredentialSource } from '@peerkit/credentials'
import { connectionIdentified } from '@peerkit/events'
import type { ConnectionIdentifiedMessage } from '@peerkit/events'
import { withMtls } from '@peerkit/fastify-mtls'

/** An open port. */
export interface Port {
  readonly port: number
  close (): Promise<void>
}

/**
 * The X.509 port (contract section 3): a server of @peerkit/fastify-mtls that writes the client's SPIFFE ID and closes.
 * The gate of that package verifies every client; with `gateOnly` any certificate that it accepts is enough.
 */
export async function openX509Port (credentials: CredentialSource): Promise<Port> {
  const app = Fastify(withMtls(credentials, { mtls: { gateOnly: true } }))
  let spiffeId: string | undefined
  const onIdentified = (message: unknown): void => {
    spiffeId = (message as ConnectionIdentifiedMessage).peer.spiffeId
  }
  subscribe(connectionIdentified.name, onIdentified)
  // A client that is accepted is identified in the same turn, right before its connection arrives here. The suite sends
  // no HTTP, so the line is written to the bare connection.
  app.server.on('secureConnection', (socket) => {
    socket.end(`${spiffeId ?? ''}\n`)
    spiffeId = undefined
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    port: (app.server.address() as AddressInfo).port,
    async close () {
      unsubscribe(connectionIdentified.name, onIdentified)
      await app.close()
    }
  }
}
