import type { AuthorityMaterial } from '@peerkit/credentials'
import type { HeldBundle } from '../bundle/bundle-source.ts'
import type { OwnUpdate } from './own-feed.ts'
import type { TrustDomainBundle } from './read-update.ts'

/** Which of the bundles count. */
interface Choice {
  /** Whether a bundle of the agent is used that is not that of our own trust domain. */
  readonly accepts: (trustDomain: string) => boolean
  /** Whether the bundle of a source was not used yet. */
  readonly isNew: (trustDomain: string, held: HeldBundle) => boolean
}

/** One authority for each trust domain, or why its bundle cannot be used. */
export function listAuthorities (
  own: OwnUpdate | undefined, held: ReadonlyMap<string, HeldBundle>, { accepts, isNew }: Choice
): Map<string, AuthorityMaterial | Error> {
  const authorities = new Map<string, AuthorityMaterial | Error>()
  for (const [name, bundle] of own?.bundles ?? []) {
    if (!isOurs(own, name) && !accepts(name)) continue
    authorities.set(name, bundle instanceof Error ? bundle : authorityOf(name, bundle))
  }
  for (const [name, one] of held) {
    // Nobody but the agent says whom our own trust domain trusts.
    if (isOurs(own, name)) continue
    const { document, problem } = one
    if (problem !== undefined && !isNew(name, one)) authorities.set(name, problem)
    else if (document !== undefined && document.ca.length > 0) authorities.set(name, authorityOf(name, document))
  }
  return authorities
}

/** Whether the agent gives the bundle of this trust domain, because it is our own. */
export function isOurs (own: OwnUpdate | undefined, name: string): boolean {
  return name === own?.trustDomain && own.bundles.has(name)
}

function authorityOf (name: string, bundle: TrustDomainBundle): AuthorityMaterial {
  // A CA of a bundle is trusted, self-signed or not, as other implementations do.
  return { ca: bundle.ca, names: { spiffe: `spiffe://${name}` }, spiffeOnly: true, partial: true }
}
