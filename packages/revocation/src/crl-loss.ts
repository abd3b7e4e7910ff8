import type { PeerIdentity } from '@peerkit/identity'
import type { CrlIndex } from './crl-index.ts'
import { allNewest, CLOCK_SKEW, compareIssue, newest } from './crl-lists.ts'
import { findIssuer } from './find-issuer.ts'
import { plainPart, plainTime } from './plain-text.ts'
import { isSameName } from './same-name.ts'

/** CAs above one that signed a list. */
const MAX_STEPS = 8

export interface CrlLossOptions {
  /** The CAs whose CRLs are configured to count from now on. */
  readonly issuers: readonly PeerIdentity[]
  /**
   * The CAs that are trusted from now on: whatever is issued below them still counts, configured or not. Default: the
   * issuers.
   */
  readonly anchors?: readonly PeerIdentity[]
  /** Other CAs that may stand between an anchor and the issuer of a list. */
  readonly between?: readonly PeerIdentity[]
  /** Milliseconds since the epoch. Default: now. */
  readonly now?: number
  /** How far ahead of ours another clock may be, in milliseconds, as for a checker. Default 60,000. */
  readonly clockSkew?: number
}

/** What one comparison goes by. */
interface Comparison {
  readonly inForce: readonly CrlIndex[]
  /** The new lists: all, and those that have begun. */
  readonly lists: readonly CrlIndex[]
  readonly past: readonly CrlIndex[]
  readonly issuers: readonly PeerIdentity[]
  readonly anchors: readonly PeerIdentity[]
  readonly between: readonly PeerIdentity[]
  readonly now: number
  /** The last thisUpdate that counts as past. */
  readonly begun: number
}

/**
 * What would be known no longer if `lists` took the place of the verified CRLs in force, in words; undefined where
 * nothing is lost. A list that was issued before the one it replaces (a copy that lags behind, a restored backup) would
 * take back revocations. So would a list that is missing while its CA is still trusted (a file that was cut off), and
 * one that has not begun.
 */
export function describeCrlLoss (
  lists: readonly CrlIndex[], inForce: readonly CrlIndex[], options: CrlLossOptions
): string | undefined {
  const { issuers, anchors = issuers, between = [], now = Date.now(), clockSkew = CLOCK_SKEW } = options
  const begun = now + clockSkew
  const past = lists.filter(({ thisUpdate }) => thisUpdate <= begun)
  const comparison = { inForce, lists, past, issuers, anchors, between: [...issuers, ...between], now, begun }
  for (const held of inForce) {
    const objection = held.thisUpdate > begun ? describeEarlyLoss(held, comparison) : describeLoss(held, comparison)
    if (objection !== undefined) return objection
  }
  return describeOlderWhole(comparison)
}

/** A list in force that has not begun is replaced by any other: nobody has relied on it yet. */
function describeEarlyLoss (held: CrlIndex, comparison: Comparison): string | undefined {
  const others = [...comparison.inForce, ...comparison.lists]
  const hasOther = others.some((list) => list !== held && kindOf(list) === kindOf(held))
  return hasOther || !counts(held, comparison) ? undefined : describeMissing(held)
}

function describeLoss (held: CrlIndex, comparison: Comparison): string | undefined {
  if (held.isDelta && isReplaced(held, comparison)) return undefined
  const ofKind = comparison.lists.filter((list) => kindOf(list) === kindOf(held))
  // Older ones may lie beside the newest: those count which a checker takes.
  const later = allNewest(ofKind.filter((list) => comparison.past.includes(list)))
  const [first] = later
  if (first !== undefined) return describeOlder(first, held) ?? describeSwapped(later, held)
  // A list that has ended still knows who was revoked.
  if (!counts(held, comparison) || isReplaced(held, comparison)) return undefined
  const next = newest(ofKind)
  if (next !== undefined) {
    return `${nameList(next)} starts on ${plainTime(next.thisUpdate)}; ` +
      `expected the one in force, of ${nameIssue(held)}, beside it until then`
  }
  const hasParts = comparison.past.some((list) => isOfSameCa(list, held) && list.thisUpdate >= held.thisUpdate)
  return hasParts && isWhole(held) && !held.isDelta ? describeParts(held) : describeMissing(held)
}

function describeOlder (later: CrlIndex, held: CrlIndex): string | undefined {
  if (compareIssue(later, held) >= 0) return undefined
  return `${nameList(later)} of ${nameIssue(later)} is older than the one in force, of ${nameIssue(held)}`
}

/** Of one time and number, nobody can tell which is later: then none may be lost that lists others. */
function describeSwapped (later: readonly CrlIndex[], held: CrlIndex): string | undefined {
  if (later.some((list) => compareIssue(list, held) > 0 || held.isCoveredBy(list))) return undefined
  return `${nameList(held)} of ${nameIssue(held)} lacks certificates that ` +
    'the one in force of the same time and number lists; expected both or a newer one'
}

function describeMissing (held: CrlIndex): string {
  return `${nameList(held)} is missing, which is in force and whose CA is still trusted; ` +
    'expected the same or a newer one'
}

function describeParts (held: CrlIndex): string {
  return `${nameList(held)} is missing, which is in force and for all certificates; ` +
    'the lists that are there are for a part of them; ' +
    `expected it beside them until it has ended on ${plainTime(held.nextUpdate)}`
}

/** A list for more certificates than one in force, and issued before it, may call good whom that one revoked. */
function describeOlderWhole ({ inForce, lists, begun }: Comparison): string | undefined {
  for (const list of lists) {
    if (list.isDelta || inForce.some((held) => kindOf(held) === kindOf(list))) continue
    const later = newest(lists.filter((other) => kindOf(other) === kindOf(list)))!
    const held = inForce.find((other) =>
      other.thisUpdate <= begun && isWider(later, other) && later.thisUpdate < other.thisUpdate)
    if (held !== undefined) {
      return `${nameList(later)} of ${nameIssue(later)} is older than ` +
        `the one in force for a part of its certificates, of ${nameIssue(held)}`
    }
  }
  return undefined
}

/** Whether a list speaks for all certificates of a part, and for more. */
function isWider (list: CrlIndex, part: CrlIndex): boolean {
  const { only, distributionPoints } = list.scope
  if (part.isDelta || !isOfSameCa(list, part) || distributionPoints !== undefined || isWhole(part)) return false
  return only === undefined || part.scope.only === undefined || only === part.scope.only
}

/** Lists of one kind replace each other. */
export function kindOf (list: CrlIndex): string {
  return `${list.isDelta ? 'delta' : 'complete'}/${caOf(list)}/${list.scope.raw}`
}

function caOf ({ verifiedBy, issuerKey }: CrlIndex): string {
  return `${verifiedBy?.publicKey256}/${issuerKey}`
}

function isOfSameCa (one: CrlIndex, other: CrlIndex): boolean {
  return caOf(one) === caOf(other)
}

function isWhole ({ scope }: CrlIndex): boolean {
  return scope.only === undefined && scope.distributionPoints === undefined
}

/**
 * Whether certificates of a list's CA still count: it is configured, or it is below an anchor and one of its lists is
 * in its time. To configure an intermediate CA no longer does not end the trust in it: its clients can send it.
 */
function counts (held: CrlIndex, { inForce, issuers, anchors, between, now }: Comparison): boolean {
  const { verifiedBy } = held
  if (verifiedBy === undefined) return false
  if (issuers.some((issuer) => isSameCa(issuer, verifiedBy))) return true
  const isInTime = inForce.some((list) => isOfSameCa(list, held) && list.nextUpdate > now)
  return isInTime && pathUp(held, anchors, [...between, ...issuersOf(inForce)]) !== undefined
}

/**
 * The CAs of the verified CRLs in force that lead to an anchor, and those on the way: by each other, or by the CAs of
 * `between`. Their lists go on counting where they are still given, though the CA is configured no longer (its
 * certificate ended, or our own chain goes through another): clients below it may still come, and some of them are
 * revoked.
 */
export function crlIssuersToKeep (
  inForce: readonly CrlIndex[], anchors: readonly PeerIdentity[], between: readonly PeerIdentity[] = []
): readonly PeerIdentity[] {
  const known = [...between, ...issuersOf(inForce)]
  const found = inForce.flatMap((list) => {
    const path = pathUp(list, anchors, known) ?? []
    return path.filter((ca) => ca === list.verifiedBy || !anchors.includes(ca))
  })
  return [...new Set(found)]
}

function issuersOf (lists: readonly CrlIndex[]): PeerIdentity[] {
  return lists.map(({ verifiedBy }) => verifiedBy).filter((authority) => authority !== undefined)
}

/** From the CA that verified a list up to an anchor; undefined where it does not lead there. */
function pathUp (
  { verifiedBy }: CrlIndex, anchors: readonly PeerIdentity[], between: readonly PeerIdentity[]
): PeerIdentity[] | undefined {
  const known = [...anchors, ...between]
  const seen: PeerIdentity[] = []
  const climb = (ca: PeerIdentity | undefined): PeerIdentity[] | undefined => {
    if (ca === undefined || seen.length === MAX_STEPS || seen.some((other) => isSameCa(ca, other))) return undefined
    seen.push(ca)
    if (anchors.some((anchor) => isSameCa(ca, anchor))) return [ca]
    // A CA may have several certificates, such as one of its own and one by another root.
    for (const twin of new Set([ca, ...known.filter((other) => isSameCa(ca, other))])) {
      const rest = climb(findIssuer(twin, known))
      if (rest !== undefined) return [ca, twin, ...rest]
    }
    return undefined
  }
  return climb(verifiedBy)
}

function isSameCa (one: PeerIdentity, other: PeerIdentity): boolean {
  return one.publicKey256 === other.publicKey256 && one.subject !== undefined && other.subject !== undefined &&
    isSameName(one.subject, other.subject)
}

/**
 * Whether lists of another kind say what a list said: a complete one of at least its number and issued no earlier in
 * place of a delta, a whole one in place of one of several parts, or in place of a whole one two parts that are one
 * for users and one for CAs. Parts by distribution point may be any number, so nobody knows whether all are there: they
 * replace a whole one only when it has ended.
 */
function isReplaced (held: CrlIndex, { past, now }: Comparison): boolean {
  const later = past.filter((list) => !list.isDelta && isOfSameCa(list, held) && list.thisUpdate >= held.thisUpdate)
  if (held.isDelta) {
    const { number: least, scope: { raw } } = held
    return later.some(({ scope, number }) => scope.raw === raw && number !== undefined && number >= least!)
  }
  if (later.some(isWhole)) return true
  const parts = held.nextUpdate <= now ? later : later.filter(({ scope }) => scope.distributionPoints === undefined)
  const isFor = (kind: 'user' | 'ca'): boolean =>
    parts.some(({ scope: { only } }) => only === undefined || only === kind)
  return isWhole(held) && isFor('user') && isFor('ca')
}

function nameIssue ({ thisUpdate, number }: CrlIndex): string {
  return `${plainTime(thisUpdate)}${number === undefined ? '' : ` (number ${number})`}`
}

function nameList ({ isDelta, verifiedBy }: CrlIndex): string {
  return `the ${isDelta ? 'delta CRL' : 'CRL'} of ${plainPart(verifiedBy)}`
}
