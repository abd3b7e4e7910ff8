import { matchDistinguishedNames } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'

/**
 * The certificates of our own chain that peers with our CAs need: all below a CA that is an anchor. A cross-certificate
 * of that CA, signed by an older root, is sent for peers that only know the older one; when it ends, the others go on.
 *
 * @param certificates the leaf first
 */
export function neededCertificates (certificates: readonly PeerIdentity[], anchors: readonly PeerIdentity[]): readonly PeerIdentity[] {
  const end = certificates.findIndex((certificate, index) => index > 0 && anchors.some((anchor) => isSameAuthority(certificate, anchor)))
  return end === -1 ? certificates : certificates.slice(0, end)
}

function isSameAuthority (one: PeerIdentity, other: PeerIdentity): boolean {
  return one.publicKey256 === other.publicKey256 && one.subject !== undefined && other.subject !== undefined && matchDistinguishedNames(one.subject, other.subject)
}
