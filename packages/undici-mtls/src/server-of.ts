import type { PeerIdentity } from '@peerkit/identity'
import { serverOfFetched } from './bound-fetch.ts'
import { kServer } from './exchange.ts'

/**
 * Who served a response: of `request`, `stream`, `pipeline` (what comes with `context`), or of `agent.fetch`. Undefined where no server was asked (a cache), where no MtlsAgent was, and
 * for the built-in `fetch`, whose responses have nothing to know them by.
 */
export function getServerIdentity (response: object): PeerIdentity | undefined {
  const { context } = response as { readonly context?: { readonly [kServer]?: PeerIdentity } | null }
  return context?.[kServer] ?? serverOfFetched(response)
}
