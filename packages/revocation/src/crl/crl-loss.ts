import type { PeerIdentity } from '@peerkit/identity'
import { iso } from '@peerkit/identity/internal'
import { plainPart } from '../policy/revocation-status.ts'
import { findIssuer, isSameName } from '../x509/issuer.ts'
import { allNewest, caOf, compareIssue, kindOf, newest, type CrlIndex } from './crl-index.ts'
import { CLOCK_SKEW } from './crl-lists.ts'

/** Maximum number of CAs above one that signed a list. */
const MAX_STEPS = 8

/** Options of {@link describeCrlLoss}. */
export interface CrlLossOptions {
  /** The CAs whose CRLs are accepted from now on. */
  readonly issuers: readonly PeerIdentity[]
  /**
   * The CAs that are trusted from now on. CAs below them stay trusted, whether or not they are in `issuers`. Default:
   * `issuers`.
   */
  readonly anchors?: readonly PeerIdentity[]
  /** Other CAs that may be between an anchor and the issuer of a list. */
  readonly between?: readonly PeerIdentity[]
  /** Milliseconds since the epoch. Default: now. */
  readonly now?: number
  /** How far in the future thisUpdate may be, in milliseconds, as for a checker. Default 60,000. */
  readonly clockSkew?: number
}

/** The inputs of one comparison. */
interface Comparison {
  readonly inForce: readonly CrlIndex[]
  /** The new lists: all, and those that are valid already. */
  readonly lists: readonly CrlIndex[]
  readonly past: readonly CrlIndex[]
  readonly issuers: readonly PeerIdentity[]
  readonly anchors: readonly PeerIdentity[]
  readonly between: readonly PeerIdentity[]
  readonly now: number
  /** The latest thisUpdate that counts as past. */
  readonly begun: number
}

/**
 * Describes which revocations would be lost if `lists` replaced the verified CRLs in use. A list that is older than
 * the one it replaces (a copy that lags behind, a restored backup) would undo revocations. So would a list that is
 * missing while its CA is still trusted (a truncated file), and one that is not valid yet.
 *
 * @param lists the new lists, verified
 * @param inForce the current lists, verified
 * @returns the reason in words; undefined if nothing would be lost
 * @example
 * ```ts
 * const issuers = [parsePeerIdentity(ca.der)]
 * const current = parseCrl((await ca.crl()).pem, { issuers })
 * console.log(describeCrlLoss([], [current], { issuers })) // the CRL of … is missing, …
 * ```
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

/** A current list that is not valid yet may be replaced by any other: it has not been used. */
function describeEarlyLoss (held: CrlIndex, comparison: Comparison): string | undefined {
  const others = [...comparison.inForce, ...comparison.lists]
  const hasOther = others.some((list) => list !== held && kindOf(list) === kindOf(held))
  return hasOther || !counts(held, comparison) ? undefined : describeMissing(held)
}

function describeLoss (held: CrlIndex, comparison: Comparison): string | undefined {
  if (held.isDelta && isReplaced(held, comparison)) return undefined
  const ofKind = comparison.lists.filter((list) => kindOf(list) === kindOf(held))
  // There may be older ones too. Only those that a checker would use matter.
  const later = allNewest(ofKind.filter((list) => comparison.past.includes(list)))
  const [first] = later
  if (first !== undefined) return describeOlder(first, held) ?? describeSwapped(later, held)
  // An expired list still says which certificates are revoked.
  if (!counts(held, comparison) || isReplaced(held, comparison)) return undefined
  const next = newest(ofKind)
  if (next !== undefined) {
    return `${nameList(next)} starts on ${iso(next.thisUpdate)}; ` +
      `expected the current one, of ${nameIssue(held)}, as well until then`
  }
  const hasParts = comparison.past.some((list) => isOfSameCa(list, held) && list.thisUpdate >= held.thisUpdate)
  return hasParts && isWhole(held) && !held.isDelta ? describeParts(held) : describeMissing(held)
}

function describeOlder (later: CrlIndex, held: CrlIndex): string | undefined {
  if (compareIssue(later, held) >= 0) return undefined
  return `${nameList(later)} of ${nameIssue(later)} is older than the current one, of ${nameIssue(held)}`
}

/** Of lists with the same time and number, it is not known which is later. So none may be lost that lists others. */
function describeSwapped (later: readonly CrlIndex[], held: CrlIndex): string | undefined {
  if (later.some((list) => compareIssue(list, held) > 0 || held.isCoveredBy(list))) return undefined
  return `${nameList(held)} of ${nameIssue(held)} lacks certificates that ` +
    'the current one of the same time and number lists; expected both or a newer one'
}

function describeMissing (held: CrlIndex): string {
  return `${nameList(held)} is missing, though its CA is still trusted; ` +
    'expected the same or a newer one'
}

function describeParts (held: CrlIndex): string {
  return `${nameList(held)} is missing, which covers all certificates; the others cover only a part of them; ` +
    `expected it as well until it expires on ${iso(held.nextUpdate)}`
}

/** A list that covers more certificates than a current one and is older may lack its revocations. */
function describeOlderWhole ({ inForce, lists, begun }: Comparison): string | undefined {
  for (const list of lists) {
    if (list.isDelta || inForce.some((held) => kindOf(held) === kindOf(list))) continue
    const later = newest(lists.filter((other) => kindOf(other) === kindOf(list)))!
    const held = inForce.find((other) =>
      other.thisUpdate <= begun && isWider(later, other) && later.thisUpdate < other.thisUpdate)
    if (held !== undefined) {
      return `${nameList(later)} of ${nameIssue(later)} is older than ` +
        `the current one for a part of its certificates, of ${nameIssue(held)}`
    }
  }
  return undefined
}

/** Whether a list covers all certificates of a partition, and more. */
function isWider (list: CrlIndex, part: CrlIndex): boolean {
  const { only, distributionPoints } = list.scope
  if (part.isDelta || !isOfSameCa(list, part) || distributionPoints !== undefined || isWhole(part)) return false
  return only === undefined || part.scope.only === undefined || only === part.scope.only
}

function isOfSameCa (one: CrlIndex, other: CrlIndex): boolean {
  return caOf(one) === caOf(other)
}

function isWhole ({ scope }: CrlIndex): boolean {
  return scope.only === undefined && scope.distributionPoints === undefined
}

/**
 * Whether certificates of a list's CA are still trusted: the CA is configured, or it is below an anchor and one of
 * its lists is not expired. Removing an intermediate CA from the configuration does not end trust in it: its clients
 * can send it.
 */
function counts (held: CrlIndex, { inForce, issuers, anchors, between, now }: Comparison): boolean {
  const { verifiedBy } = held
  if (verifiedBy === undefined) return false
  if (issuers.some((issuer) => isSameCa(issuer, verifiedBy))) return true
  const isInTime = inForce.some((list) => isOfSameCa(list, held) && list.nextUpdate > now)
  return isInTime && pathUp(held, anchors, [...between, ...issuersOf(inForce)]) !== undefined
}

/**
 * Finds the CAs whose CRLs must stay accepted: the CAs of the current CRLs that lead to an anchor, and the CAs on
 * the way. This is needed if such a CA is not configured any more (its certificate expired, or the server's own
 * chain uses another one): clients below it may still connect, and some of them are revoked.
 *
 * @param inForce the current lists, verified
 * @param anchors the trusted CAs
 * @param between other CAs that may be between an anchor and the issuer of a list
 * @example
 * ```ts
 * const issuer = parsePeerIdentity(ca.der)
 * const current = parseCrl((await ca.crl()).pem, { issuers: [issuer] })
 * console.log(crlIssuersToKeep([current], [issuer]).length) // 1
 * ```
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

/** The path from the CA that verified a list to an anchor; undefined if there is none. */
function pathUp (
  { verifiedBy }: CrlIndex, anchors: readonly PeerIdentity[], between: readonly PeerIdentity[]
): PeerIdentity[] | undefined {
  const known = [...anchors, ...between]
  const seen: PeerIdentity[] = []
  const climb = (ca: PeerIdentity | undefined): PeerIdentity[] | undefined => {
    if (ca === undefined || seen.length === MAX_STEPS || seen.some((other) => isSameCa(ca, other))) return undefined
    seen.push(ca)
    if (anchors.some((anchor) => isSameCa(ca, anchor))) return [ca]
    // A CA may have several certificates, such as a self-signed one and a cross-certificate.
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
 * Whether other lists replace a list of another kind: a complete list of at least its number and not issued earlier
 * replaces a delta; a list for all certificates replaces a partition; two partitions replace a list for all
 * certificates if one is for users and one for CAs. There may be any number of partitions by distribution point, so
 * they replace a list for all only when it has expired.
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
  return `${iso(thisUpdate)}${number === undefined ? '' : ` (number ${number})`}`
}

function nameList ({ isDelta, verifiedBy }: CrlIndex): string {
  return `the ${isDelta ? 'delta CRL' : 'CRL'} of ${plainPart(verifiedBy)}`
}
