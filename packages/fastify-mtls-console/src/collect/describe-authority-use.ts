import type { AuthorityUse } from '@peerkit/credentials'

/** The side that an authority is for, as text. */
export function describeAuthorityUse (use: AuthorityUse): string {
  return use === 'both' ? 'clients and servers' : use
}
