import type { RuleAuthority } from '@peerkit/rules'
import { vouchesFor } from './named-authority.ts'
import type { NamedAuthority, Side } from './named-authority.ts'

/** Converts authorities for the check of rules about one side. */
export function ruleAuthoritiesOf (authorities: readonly NamedAuthority[], side: Side): readonly RuleAuthority[] {
  return authorities.map(({ name, bounds, use }) => ({
    name,
    only: use === 'both' || vouchesFor({ use }, side) ? undefined : use,
    vouchesFor: (kind) => bounds.vouchesFor(kind),
    mayClaim: (kind, value) => bounds.mayClaim(kind, value)
  }))
}
