import type { PeerIdentity } from '@peerkit/identity'

/** Whether a certificate's authority is worth a word: not that of the option `ca`, which vouches for everything. */
export function isAuthorityShown ({ authority, notBelieved }: Pick<PeerIdentity, 'authority' | 'notBelieved'>): boolean {
  return authority !== undefined && (authority !== 'default' || notBelieved.length > 0)
}
