import type { PeerIdentity } from '@peerkit/identity'
import { refused } from './errors.ts'

/**
 * Checks whom we trust. A certificate that is no CA in the bundle is a mistake that would make a leaf a trust anchor; an anchor that
 * has ended is left out (it could verify nobody), and a bundle of which none is left is refused: with an empty `ca` Node would trust the public roots.
 *
 * @returns the anchors that are valid now
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
export function checkAnchors (anchors: readonly PeerIdentity[], where: string, now: number): PeerIdentity[] {
  for (const anchor of anchors) {
    if (anchor.isCa !== true) throw refused('no_anchor', where, `${String(anchor)} is no CA certificate; expected CA certificates alone`)
  }
  const seen = new Set<string | undefined>()
  const valid = anchors.filter(({ notBefore = Infinity, notAfter = -Infinity, fingerprint256 }) => {
    const isNew = !seen.has(fingerprint256)
    seen.add(fingerprint256)
    return isNew && notBefore <= now && now < notAfter
  })
  if (valid.length === 0) throw refused('no_anchor', where, `found ${anchors.length} CA certificates, none of them valid now; expected at least one`)
  return valid
}
