import type { PeerIdentity } from '@peerkit/identity'
import type { CrlIndex } from './crl-index.ts'
import { compareIssue, newest } from './crl-lists.ts'
import { findIssuer } from './find-issuer.ts'
import { plainPart, plainTime } from './plain-text.ts'
import { isSameName } from './same-name.ts'

/** CAs above one that signed a list. */
const MAX_STEPS = 8

export interface CrlLossOptions {
  /** The CAs whose CRLs are configured to count from now on. */
  readonly issuers: readonly PeerIdentity[]
}

/**
 * What would be known no longer if `lists` took the place of the verified CRLs in force, in words; undefined where
 * nothing is lost. A list that was issued before the one it replaces (a copy that lags behind, a restored backup) would
 * take back revocations. So would a list that is missing while its CA is still trusted (a file that was cut off).
 */
export function describeCrlLoss (
  lists: readonly CrlIndex[], inForce: readonly CrlIndex[], { issuers }: CrlLossOptions
): string | undefined {
  for (const held of inForce) {
    if (held.isDelta && isReplaced(held, lists)) continue
    // Older ones may lie beside the newest: that one counts which a checker takes.
    const later = newest(lists.filter((list) => kindOf(list) === kindOf(held)))
    if (later !== undefined && compareIssue(later, held) < 0) {
      return `${nameList(later)} of ${nameIssue(later)} is older than the one in force, of ${nameIssue(held)}`
    }
    // A list that has ended still knows who was revoked.
    if (later === undefined && counts(held, issuers) && !isReplaced(held, lists)) {
      return `${nameList(held)} is missing, which is in force and whose CA is still trusted; expected the same or a newer one`
    }
  }
  return undefined
}

/** Lists of one kind replace each other. */
export function kindOf (list: CrlIndex): string {
  return `${list.isDelta ? 'delta' : 'complete'}/${caOf(list)}/${list.scope.raw}`
}

function caOf ({ verifiedBy, issuerKey }: CrlIndex): string {
  return `${verifiedBy?.publicKey256}/${issuerKey}`
}

function counts ({ verifiedBy, issuer: name }: CrlIndex, issuers: readonly PeerIdentity[]): boolean {
  return name !== undefined && issuers.some(({ publicKey256, subject }) =>
    publicKey256 === verifiedBy?.publicKey256 && subject !== undefined && isSameName(subject, name))
}

/**
 * The CAs of the verified CRLs in force that lead to an anchor: themselves, or by each other. Their lists go on counting where they are still given, though the CA
 * is configured no longer (its certificate ended, or our own chain goes through another): clients below it may still come, and some of them are revoked.
 */
export function crlIssuersToKeep (inForce: readonly CrlIndex[], anchors: readonly PeerIdentity[]): readonly PeerIdentity[] {
  return inForce.filter((list) => isBelow(list, anchors, inForce)).map(({ verifiedBy }) => verifiedBy).filter((authority) => authority !== undefined)
}

function isBelow ({ verifiedBy }: CrlIndex, anchors: readonly PeerIdentity[], inForce: readonly CrlIndex[]): boolean {
  const known = [...anchors, ...inForce.map((list) => list.verifiedBy)].filter((authority) => authority !== undefined)
  for (let last = verifiedBy, steps = 0; last !== undefined && steps < MAX_STEPS; last = findIssuer(last, known), steps++) {
    const { publicKey256, subject } = last
    if (anchors.some((anchor) => anchor.publicKey256 === publicKey256 && subject !== undefined && anchor.subject !== undefined && isSameName(anchor.subject, subject))) return true
  }
  return false
}

/**
 * Whether lists of another kind say what a list said: a complete one of at least its number in place of a delta, a
 * whole one in place of one of several parts, or the parts into which a CA has divided a whole one.
 */
function isReplaced (held: CrlIndex, lists: readonly CrlIndex[]): boolean {
  const complete = lists.filter((list) => !list.isDelta && caOf(list) === caOf(held))
  if (held.isDelta) {
    const { number, scope } = held
    return complete.some((list) => list.scope.raw === scope.raw && list.number !== undefined && list.number >= number!)
  }
  const later = complete.filter((list) => list.thisUpdate >= held.thisUpdate)
  if (later.some((list) => list.scope.raw === '')) return true
  // Parts for CAs alone say nothing of users, and the other way round.
  return held.scope.raw === '' && (['user', 'ca'] as const).every((kind) => later.some(({ scope }) => scope.only === undefined || scope.only === kind))
}

function nameIssue ({ thisUpdate, number }: CrlIndex): string {
  return `${plainTime(thisUpdate)}${number === undefined ? '' : ` (number ${number})`}`
}

function nameList ({ isDelta, verifiedBy }: CrlIndex): string {
  return `the ${isDelta ? 'delta CRL' : 'CRL'} of ${plainPart(verifiedBy)}`
}
