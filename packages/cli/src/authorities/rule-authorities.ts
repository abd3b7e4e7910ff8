import type { RuleAuthority } from '@peerkit/rules'
import type { NamedAuthority } from './named-authority.ts'

/** Converts authorities for the check of rules. */
export function ruleAuthoritiesOf (authorities: readonly NamedAuthority[]): readonly RuleAuthority[] {
  return authorities.map(({ name, bounds }) => ({
    name,
    vouchesFor: (kind) => bounds.vouchesFor(kind),
    mayClaim: (kind, value) => bounds.mayClaim(kind, value)
  }))
}
