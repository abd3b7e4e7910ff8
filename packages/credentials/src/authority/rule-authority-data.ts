import type { ClaimKind } from '@peerkit/identity'
import { NameBounds } from '@peerkit/trust'
import type { AuthorityNames } from '@peerkit/trust'
import { isTrustDomain } from './awaited-trust-domains.ts'
import type { AwaitedTrustDomains } from './awaited-trust-domains.ts'
import type { RuleAuthority } from './rule-authority.ts'

/** A {@link RuleAuthority} without its functions, such that a worker can be given it. */
export type RuleAuthorityData =
  | Pick<RuleAuthority, 'name' | 'only'> & { readonly names: AuthorityNames }
  | { readonly name: string, readonly awaited: AwaitedTrustDomains }

/** What each authority was made of. Undefined for trust domains that cannot be listed. */
const origins = new WeakMap<object, () => RuleAuthorityData | undefined>()

/** Notes what an authority is made of, so that `describeRuleAuthorities` can describe it. Returns the authority. */
export function rememberOrigin (
  authority: RuleAuthority, describe: () => RuleAuthorityData | undefined
): RuleAuthority {
  origins.set(authority, describe)
  return authority
}

/**
 * Describes authorities as plain data, as they are now.
 *
 * @param authorities what `ruleAuthoritiesOf` returned, or others
 * @returns undefined if one of them cannot be described: it was made by somebody else, or it stands for authorities
 *   that only a function of the source knows
 */
export function describeRuleAuthorities (
  authorities: readonly object[]
): readonly RuleAuthorityData[] | undefined {
  const described = authorities.map((authority) => origins.get(authority)?.())
  return described.every((one) => one !== undefined) ? described : undefined
}

/**
 * Makes authorities for rules of what `describeRuleAuthorities` returned. They answer as the described ones did.
 *
 * @throws PathOptionError if the names of an authority are wrong
 */
export function readRuleAuthorities (described: readonly RuleAuthorityData[]): readonly RuleAuthority[] {
  return described.map((one) => {
    if ('awaited' in one) return awaitedAuthority(one.name, makeCheck(one.awaited))
    return boundedAuthority(one, new NameBounds(one.names, `authorities.${one.name}.names`))
  })
}

/** An authority with its limits. */
export function boundedAuthority (
  { name, only }: Pick<RuleAuthority, 'name' | 'only'>, bounds: NameBounds
): RuleAuthority {
  return {
    name,
    only,
    vouchesFor: (kind) => bounds.vouchesFor(kind),
    mayClaim: (kind, value) => bounds.mayClaim(kind, value)
  }
}

/** Stands for the trust domains that a source may add. */
export function awaitedAuthority (name: string, mayAdd: (name: string) => boolean): RuleAuthority {
  return {
    name,
    awaits: (trustDomain) => mayAdd(trustDomain),
    vouchesFor: (kind: ClaimKind) => kind === 'spiffe',
    mayClaim: (_kind, value) => mayAdd(value.split('/')[2] ?? '')
  }
}

function makeCheck (awaited: AwaitedTrustDomains): (name: string) => boolean {
  if (awaited === 'any') return isTrustDomain
  const names = new Set(awaited)
  return (name) => names.has(name) && isTrustDomain(name)
}
