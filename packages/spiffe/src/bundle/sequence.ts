import type { PeerIdentity } from '@peerkit/identity'

/** More than the CA certificates of a trust domain. */
const STEP = 1_000

/**
 * The sequence number of a bundle whose owner does not count, made of its CA certificates. So all instances have the
 * same number for the same bundle, and a restart does not change it.
 *
 * It is higher after the two usual changes: a newer CA is added (the second in which the newest one begins counts
 * most), and a CA that is not the newest is removed (the fewer there are, the higher). Other changes are the newest CA
 * withdrawn or an older one added. After these it is one more than before, and that is known to this process alone.
 *
 * @param former the number of the bundle before, if there was one
 */
export function nextSequence (anchors: readonly PeerIdentity[], former: number | undefined): number {
  const newest = Math.max(0, ...anchors.map(({ notBefore = 0 }) => notBefore))
  const made = Math.floor(newest / 1_000) * STEP + STEP - Math.min(anchors.length, STEP)
  return former === undefined || made > former ? made : former + 1
}
