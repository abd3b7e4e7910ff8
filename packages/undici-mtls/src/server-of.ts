import type { PeerIdentity } from '@peerkit/identity'
import { kServer } from './response-handler.ts'

/** Who served a response of undici's `request`, `stream` or `pipeline`: by the `context` that comes with it. Undefined for a response that came by no MtlsAgent. */
export function serverOf (response: { readonly context?: object | null }): PeerIdentity | undefined {
  return (response.context as { readonly [kServer]?: PeerIdentity } | null | undefined)?.[kServer]
}
