import type { AuthorityUse } from '@peerkit/credentials'

/** Whose certificates an authority vouches for, in words. */
export function describeAuthorityUse (use: AuthorityUse): string {
  return use === 'both' ? 'clients and servers' : use
}
