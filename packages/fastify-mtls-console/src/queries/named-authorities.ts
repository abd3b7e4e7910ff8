import type { TrustSnapshot } from '@peerkit/credentials'

/** Whether to show authorities. A single authority without limits, as with the option `ca`, is not shown. */
export function hasNamedAuthorities ({ authorities }: Pick<TrustSnapshot, 'authorities'>): boolean {
  const [only, ...others] = authorities
  if (only === undefined || others.length > 0 || only.name !== 'default') return true
  const { for: use, names, partial, algorithms, serverAuthOnlyUntil, tolerate } = only
  return use !== 'both' || names !== 'any' || partial || algorithms !== undefined ||
    serverAuthOnlyUntil !== undefined || tolerate.length > 0
}
