import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { CredentialSource } from '@peerkit/credentials'
import { outboundIdentified } from '@peerkit/events'
import type { OutboundIdentifiedMessage } from '@peerkit/events'
import {
  MtlsAgent, OutboundServerExpiredError, OutboundServerRevokedError, OutboundServerUntrustedError,
  OutboundWrongServerError
} from '@peerkit/undici-mtls'

/** What came of a dial. */
export type Dialed =
  | { readonly verdict: 'accepted', readonly spiffeId: string }
  | { readonly verdict: 'rejected' | 'failed', readonly message: string }

const REFUSALS = [
  OutboundServerUntrustedError, OutboundServerExpiredError, OutboundServerRevokedError, OutboundWrongServerError
]

/**
 * Connects to a server as a client of mutual TLS (contract section 4.4). The server of the suite speaks no HTTP and
 * closes after the handshake, so what counts is whether @peerkit/undici-mtls identified it before it sent a request.
 *
 * @param address `127.0.0.1:34567`
 */
export async function dial (address: string, credentials: CredentialSource): Promise<Dialed> {
  const origin = `https://${address}`
  // Any SPIFFE ID of every trust domain that there is a bundle for.
  const allowedServers = credentials.current.authorities.map(({ name }) => ({ spiffe: `spiffe://${name}` }))
  const agent = new MtlsAgent({ credentials, allowedServers, connectTimeout: 5_000 })
  const { promise: identified, resolve } = Promise.withResolvers<Dialed>()
  const onIdentified = (message: unknown): void => {
    const { origin: found, server } = message as OutboundIdentifiedMessage
    if (found === origin) resolve({ verdict: 'accepted', spiffeId: server.spiffeId ?? '' })
  }
  subscribe(outboundIdentified.name, onIdentified)
  try {
    const requested = agent.request({ origin, path: '/', method: 'GET' })
    const failed = requested.then(() => new Promise<never>(() => {}), (error: Error): Dialed => {
      const isRefusal = REFUSALS.some((type) => error instanceof type)
      return { verdict: isRefusal ? 'rejected' : 'failed', message: error.message }
    })
    return await Promise.race([identified, failed])
  } finally {
    unsubscribe(outboundIdentified.name, onIdentified)
    agent.destroy().catch(() => {})
  }
}
