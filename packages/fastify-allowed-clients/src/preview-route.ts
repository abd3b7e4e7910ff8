import type { PeerIdentity } from '@peerkit/identity'
import type { Explanation } from '@peerkit/rules'
import type { Mode } from './allowed-clients.ts'
import type { RouteRequirements } from './route-requirements.ts'

/**
 * What a route would answer a peer, as far as it is known without a request.
 *
 * - `allowed`, `denied`
 * - `reported`: the request would pass and be logged, since the mode is `report-only`
 * - `needs-request`: a function decides on the request
 */
export type Outcome = 'allowed' | 'denied' | 'reported' | 'needs-request'

/** What one set of rules would answer. */
export interface RequirementPreview {
  /**
   * Where they were declared, as in `ListedRequirement`; `handshake` if the server requires certificates and the client
   * has none.
   */
  readonly rules: string
  readonly mode: Mode
  readonly outcome: Exclude<Outcome, 'reported'>
  /**
   * Explains the answer rule by rule; undefined if there are no rules, or more than 10,000. Visits every rule, so call
   * it only if needed.
   */
  explain (): Explanation | undefined
}

/** What a route would answer. */
export interface AccessPreview {
  readonly outcome: Outcome
  /** All of them must allow, except those with mode `report-only`. */
  readonly requirements: readonly RequirementPreview[]
}

/** Evaluates every requirement of a route for a peer. Calls no functions, counts nothing and publishes nothing. */
export function previewRoute ({ requirements }: RouteRequirements, peer: PeerIdentity | null): AccessPreview {
  const previews = requirements.map(({ origin, mode, policy }): RequirementPreview => ({
    rules: origin,
    mode,
    outcome: policy.preview(peer),
    explain: () => policy.explain(peer)
  }))
  return { outcome: combine(previews), requirements: previews }
}

function combine (requirements: readonly RequirementPreview[]): Outcome {
  const enforced = requirements.filter(({ mode }) => mode === 'enforce')
  if (enforced.some(({ outcome }) => outcome === 'denied')) return 'denied'
  if (enforced.some(({ outcome }) => outcome === 'needs-request')) return 'needs-request'
  return requirements.some(({ outcome }) => outcome !== 'allowed') ? 'reported' : 'allowed'
}
