import type { PeerIdentity } from '@peerkit/identity'
import type { CrlIndex } from './crl-index.ts'
import { findIssuer } from './find-issuer.ts'
import { plainPart, plainTime } from './plain-text.ts'
import { isSameName } from './same-name.ts'

/** CAs above one that signed a list. */
const MAX_STEPS = 8

export interface CrlLossOptions {
  /** The CAs whose CRLs count from now on. */
  readonly issuers: readonly PeerIdentity[]
  /** The CAs that are trusted from now on: a list of a CA below one of them must not be lost, whether it is named as a CRL issuer or not. */
  readonly anchors?: readonly PeerIdentity[]
}

/**
 * What would be known no longer if `lists` took the place of the verified CRLs in force, in words; undefined where
 * nothing is lost. A list that was issued before the one it replaces (a copy that lags behind, a restored backup) would
 * take back revocations. So would a list that is missing while its CA is still trusted (a file that was cut off).
 */
export function describeCrlLoss (
  lists: readonly CrlIndex[], inForce: readonly CrlIndex[], { issuers, anchors = [] }: CrlLossOptions
): string | undefined {
  for (const held of inForce) {
    if (held.isDelta && isReplaced(held, lists)) continue
    const newest = lists.filter((list) => kindOf(list) === kindOf(held)).sort(byTime).at(-1)
    // Older ones may lie beside the newest: that one counts.
    if (newest !== undefined && byTime(newest, held) < 0) {
      return `${nameList(newest)} of ${nameIssue(newest)} is older than the one in force, of ${nameIssue(held)}`
    }
    // A list that has ended still knows who was revoked.
    if (newest === undefined && (counts(held, issuers) || isBelow(held, anchors, inForce)) && !isReplaced(held, lists)) {
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

/** By thisUpdate, which has whole seconds; two of one second by number. */
function byTime (one: CrlIndex, other: CrlIndex): number {
  if (one.thisUpdate !== other.thisUpdate) return one.thisUpdate - other.thisUpdate
  // Without numbers, the one that lists fewer certificates would take some back.
  return one.number === undefined || other.number === undefined ? one.size - other.size : Number(one.number - other.number)
}

function counts ({ verifiedBy, issuer: name }: CrlIndex, issuers: readonly PeerIdentity[]): boolean {
  return name !== undefined && issuers.some(({ publicKey256, subject }) =>
    publicKey256 === verifiedBy?.publicKey256 && subject !== undefined && isSameName(subject, name))
}

/** Whether the CA that signed a list leads to one of the anchors: itself, or by the CAs of the lists in force. */
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
  return complete.some((list) => (list.scope.raw === '' || held.scope.raw === '') && list.thisUpdate >= held.thisUpdate)
}

function nameIssue ({ thisUpdate, number }: CrlIndex): string {
  return `${plainTime(thisUpdate)}${number === undefined ? '' : ` (number ${number})`}`
}

function nameList ({ isDelta, verifiedBy }: CrlIndex): string {
  return `the ${isDelta ? 'delta CRL' : 'CRL'} of ${plainPart(verifiedBy)}`
}
