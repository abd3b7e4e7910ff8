import type { PeerIdentity } from '@peerkit/identity'

/** Whether to show the authority of a certificate. That of the option `ca` is not shown: it vouches for everything. */
export function isAuthorityShown (
  { authority, notBelieved }: Pick<PeerIdentity, 'authority' | 'notBelieved'>
): boolean {
  return authority !== undefined && (authority !== 'default' || notBelieved.length > 0)
}
