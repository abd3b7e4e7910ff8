import type { PeerIdentity } from '@peerkit/identity'
import type { Explanation } from './explanation.ts'
import type { FlatRules } from './flatten-entries.ts'
import { NO_IDENTITY } from './verdict.ts'
export function explainRules (flat: FlatRules, _peer: PeerIdentity | undefined | null): Explanation {
  return { verdict: NO_IDENTITY, peer: undefined, predicates: flat.predicates.length, closest: undefined, rules: [] }
}
