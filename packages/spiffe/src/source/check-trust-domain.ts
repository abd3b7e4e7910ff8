import type { BundleSet } from '../bundle/bundle-set.ts'
import { SpiffeInvalidError, SpiffeOptionError, detailOf } from '../errors.ts'
import type { OwnUpdate } from './own-feed.ts'

/**
 * Checks a start.
 *
 * @param findProblem why there is no bundle of a trust domain; of none: why there is no bundle at all
 * @throws SpiffeInvalidError if the bundles that are needed are not there yet
 */
export function checkFirst (
  authorities: ReadonlyMap<string, unknown>, own: OwnUpdate | undefined,
  findProblem: (trustDomain: string | undefined) => Error | undefined
): void {
  const needed = own?.trustDomain
  const isThere = needed === undefined
    ? [...authorities.values()].some((authority) => !(authority instanceof Error))
    : authorities.has(needed) && !(authorities.get(needed) instanceof Error)
  if (isThere) return
  const cause = findProblem(needed)
  const whose = needed === undefined ? '' : ` of our trust domain ${needed}`
  const what = `there is no bundle${whose} yet`
  throw new SpiffeInvalidError('trust_domain', cause === undefined ? what : `${what}; ${detailOf(cause)}`, { cause })
}

/** @throws SpiffeInvalidError if there is no bundle for the trust domain of a new X.509-SVID */
export function checkTrustDomain ({ trustDomain, bundles }: OwnUpdate, set: BundleSet): void {
  if (bundles.has(trustDomain) || set.has(trustDomain)) return
  const found = `the new X.509-SVID is of the trust domain ${trustDomain}`
  throw new SpiffeInvalidError('trust_domain', `${found}, and no source of bundles gives its bundle`)
}

/** @throws SpiffeOptionError if a source is for our own trust domain, whose bundle the agent gives */
export function refuseOwnDomain ({ trustDomain, bundles }: OwnUpdate, set: BundleSet): void {
  if (!bundles.has(trustDomain) || !set.declared.includes(trustDomain)) return
  const expected = 'sources of other trust domains, because the Workload API gives the bundle of our own'
  throw new SpiffeOptionError(`bundles has a source of our own trust domain ${trustDomain}; expected ${expected}`)
}
