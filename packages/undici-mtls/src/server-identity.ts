import type { PeerIdentity } from '@peerkit/identity'
import { serverOfFetched } from './bound-fetch.ts'
import { kServer } from './exchange.ts'

/**
 * Returns the identity of the server that sent a response.
 *
 * @param response of `request`, `stream` or `pipeline` (by its `context`), or of `agent.fetch`
 * @returns undefined if the response came from a cache, without an MtlsAgent, or from the built-in `fetch`, whose
 *   responses cannot be recognized
 * @example
 * ```ts
 * const agent = new MtlsAgent({ credentials })
 * const app = Fastify(withMtls(credentials, { mtls: { gateOnly: true } })).get('/', async () => 'booked')
 * const response = await agent.fetch(await app.listen({ host: '127.0.0.1', port: 0 }))
 * console.log(String(getServerIdentity(response))) // CN=ledger (sha256:…)
 * await response.text()
 * await agent.close()
 * await app.close()
 * ```
 */
export function getServerIdentity (response: object): PeerIdentity | undefined {
  const { context } = response as { readonly context?: { readonly [kServer]?: PeerIdentity } | null }
  return context?.[kServer] ?? serverOfFetched(response)
}
