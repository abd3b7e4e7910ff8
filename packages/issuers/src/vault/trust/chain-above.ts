import type { PeerIdentity } from '@peerkit/identity'
import { findIssuer } from '@peerkit/trust'
import { IssuerError } from '../../errors.ts'

/** A chain with more is a mistake. Each pair may cost the verification of a signature. */
const MOST = 50

/**
 * The CAs of an answer that certify its leaf: its issuer, the issuer of that one, and so on. Others are left out. They
 * are no part of our chain, and would be trusted for nothing but having been sent.
 *
 * @param sent the CAs of the answer, in its order
 * @param what the call, for errors
 * @throws IssuerError if there are too many
 */
export function findAbove (
  leaf: PeerIdentity, sent: readonly PeerIdentity[], what: string
): readonly PeerIdentity[] {
  if (sent.length > MOST) {
    throw new IssuerError('answer', `${what} answered with ${sent.length} CAs; expected at most ${MOST}`)
  }
  const others = new Set(sent)
  const path = new Set([leaf])
  // A set is walked in the order of insertion, with what is added on the way.
  for (const below of path) {
    for (const other of others) {
      if (findIssuer(below, [other]) === undefined) continue
      others.delete(other)
      path.add(other)
    }
  }
  return sent.filter((one) => path.has(one))
}
