import type { TrustSnapshot } from '@peerkit/credentials'

/** Whether authorities are worth a word. They are not where one without limits has all CAs, as with the option `ca`. */
export function hasNamedAuthorities ({ authorities }: Pick<TrustSnapshot, 'authorities'>): boolean {
  const [only, ...others] = authorities
  if (only === undefined || others.length > 0 || only.name !== 'default') return true
  const { for: use, names, partial, algorithms, serverAuthOnlyUntil } = only
  return use !== 'both' || names !== 'any' || partial || algorithms !== undefined || serverAuthOnlyUntil !== undefined
}
