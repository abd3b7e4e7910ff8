import type { PeerIdentity } from '@peerkit/identity'
import type { Explanation } from '@peerkit/rules'

// The members of `app.mtls` from @peerkit/fastify-allowed-clients that the console reads. It does not import the
// plugin.

/** The answer of a route to a client. */
export type Outcome = 'allowed' | 'denied' | 'reported' | 'needs-request'

export interface AccessPreview {
  readonly outcome: Outcome
  readonly requirements: ReadonlyArray<{
    readonly rules: string
    readonly mode: 'enforce' | 'report-only'
    readonly outcome: Exclude<Outcome, 'reported'>
    explain (): Explanation | undefined
  }>
}

export interface ListedRoute {
  readonly methods: readonly string[]
  readonly url: string
  readonly constraints: Readonly<Record<string, unknown>> | undefined
  readonly scope: string | undefined
  readonly access: 'rules' | 'public' | 'nobody'
  readonly requirements: ReadonlyArray<{
    readonly rules: string
    readonly mode: 'enforce' | 'report-only'
    readonly allows: string
  }>
  readonly counts: { readonly allowed: number, readonly denied: number, readonly wouldDeny: number }
  readonly evaluate: (peer: PeerIdentity | null) => AccessPreview
}

export interface AllowedClientsControl {
  routes (): readonly ListedRoute[]
  readonly rulesVersion: number
}
