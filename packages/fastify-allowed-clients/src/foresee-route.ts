import type { PeerIdentity } from '@peerkit/identity'
import type { Explanation } from '@peerkit/rules'
import type { Mode } from './allowed-clients.ts'
import type { GuardedRoute } from './guarded-route.ts'

/**
 * What a route would say to a peer, as far as that can be told without a request.
 *
 * - `allowed`, `denied`
 * - `reported`: it would pass, and be reported (report mode).
 * - `depends`: a predicate decides on the request.
 */
export type Outcome = 'allowed' | 'denied' | 'reported' | 'depends'

/** What one set of rules would say. */
export interface ForeseenRequirement {
  /** Where it was declared, as in `ListedRequirement`. */
  readonly rules: string
  readonly mode: Mode
  readonly outcome: Exclude<Outcome, 'reported'>
  /** The rules' own explanation; undefined where there are no rules to explain, or too many. Walks every rule: ask for it where it is shown. */
  explain (): Explanation | undefined
}

/** What a route would say. */
export interface ForeseenAccess {
  readonly outcome: Outcome
  /** All of them must allow, those that only report excepted. */
  readonly requirements: readonly ForeseenRequirement[]
}

/** Asks every requirement of a route of a peer, and no predicate. Counts and publishes nothing. */
export function foreseeRoute ({ requirements }: GuardedRoute, peer: PeerIdentity | null): ForeseenAccess {
  const foreseen = requirements.map(({ origin, mode, audience }): ForeseenRequirement => ({
    rules: origin,
    mode,
    outcome: audience.foresee(peer),
    explain: () => audience.explain(peer)
  }))
  return { outcome: combine(foreseen), requirements: foreseen }
}

function combine (requirements: readonly ForeseenRequirement[]): Outcome {
  const enforced = requirements.filter(({ mode }) => mode === 'enforce')
  if (enforced.some(({ outcome }) => outcome === 'denied')) return 'denied'
  if (enforced.some(({ outcome }) => outcome === 'depends')) return 'depends'
  return requirements.some(({ outcome }) => outcome !== 'allowed') ? 'reported' : 'allowed'
}
