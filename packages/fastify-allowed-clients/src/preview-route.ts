import type { PeerIdentity } from '@peerkit/identity'
import type { Explanation } from '@peerkit/rules'
import type { Mode } from './allowed-clients.ts'
import type { GuardedRoute } from './guarded-route.ts'

/**
 * What a route would answer a peer, as far as that can be told without a request.
 *
 * - `allowed`, `denied`
 * - `reported`: it would pass and be logged, since the mode is `report-only`
 * - `needs-request`: a predicate decides on the request.
 */
export type Outcome = 'allowed' | 'denied' | 'reported' | 'needs-request'

/** What one set of rules would answer. */
export interface RequirementPreview {
  /** Where it was declared, as in `ListedRequirement`. */
  readonly rules: string
  readonly mode: Mode
  readonly outcome: Exclude<Outcome, 'reported'>
  /** The rules' own explanation; undefined where there are no rules to explain, or too many. Walks every rule: ask for it where it is shown. */
  explain (): Explanation | undefined
}

/** What a route would answer. */
export interface AccessPreview {
  readonly outcome: Outcome
  /** All of them must allow, those that only report excepted. */
  readonly requirements: readonly RequirementPreview[]
}

/** Asks every requirement of a route of a peer, and no predicate. Counts and publishes nothing. */
export function previewRoute ({ requirements }: GuardedRoute, peer: PeerIdentity | null): AccessPreview {
  const previews = requirements.map(({ origin, mode, audience }): RequirementPreview => ({
    rules: origin,
    mode,
    outcome: audience.preview(peer),
    explain: () => audience.explain(peer)
  }))
  return { outcome: combine(previews), requirements: previews }
}

function combine (requirements: readonly RequirementPreview[]): Outcome {
  const enforced = requirements.filter(({ mode }) => mode === 'enforce')
  if (enforced.some(({ outcome }) => outcome === 'denied')) return 'denied'
  if (enforced.some(({ outcome }) => outcome === 'needs-request')) return 'needs-request'
  return requirements.some(({ outcome }) => outcome !== 'allowed') ? 'reported' : 'allowed'
}
