import { matchDistinguishedNames } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'

/**
 * Returns the certificates of our chain that peers with our CAs need: all below a CA that is an anchor. A
 * cross-certificate of that CA, signed by an older root, is sent for peers that know only the older root. When it
 * expires, the others are still used.
 *
 * @param certificates the leaf first
 */
export function neededCertificates (
  certificates: readonly PeerIdentity[], anchors: readonly PeerIdentity[]
): readonly PeerIdentity[] {
  const end = certificates.findIndex((certificate, index) => {
    return index > 0 && anchors.some((anchor) => isSameAuthority(certificate, anchor))
  })
  return end === -1 ? certificates : certificates.slice(0, end)
}

function isSameAuthority (one: PeerIdentity, other: PeerIdentity): boolean {
  if (one.subject === undefined || other.subject === undefined) return false
  return one.publicKey256 === other.publicKey256 && matchDistinguishedNames(one.subject, other.subject)
}
