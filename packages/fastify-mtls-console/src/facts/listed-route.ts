import type { PeerIdentity } from '@peerkit/identity'
import type { Explanation } from '@peerkit/rules'

// What `app.allowedClients` of @peerkit/fastify-allowed-clients offers, as far as it is read here: the console knows the plugin by its decorator alone.

/** What a route would say to a peer. */
export type Outcome = 'allowed' | 'denied' | 'reported' | 'depends'

export interface ForeseenAccess {
  readonly outcome: Outcome
  readonly requirements: ReadonlyArray<{ readonly rules: string, readonly mode: 'enforce' | 'report', readonly outcome: Exclude<Outcome, 'reported'>, explain (): Explanation | undefined }>
}

export interface ListedRoute {
  readonly methods: readonly string[]
  readonly url: string
  readonly constraints: Readonly<Record<string, unknown>> | undefined
  readonly scope: string | undefined
  readonly access: 'rules' | 'anyone' | 'nobody'
  readonly requirements: ReadonlyArray<{ readonly rules: string, readonly mode: 'enforce' | 'report', readonly allows: string }>
  readonly counts: { readonly allowed: number, readonly denied: number, readonly wouldDeny: number }
  readonly foresee: (peer: PeerIdentity | null) => ForeseenAccess
}

export interface AllowedClientsControl {
  routes (): readonly ListedRoute[]
  readonly generation: number
}
