import type { DistinguishedName, PeerIdentity } from '@peerkit/identity'
import type { CrlIndex } from './crl-index.ts'
import { describeEarly, describeEnded, describeMissing, describeOtherKey, describeOutOfScope } from './crl-details.ts'
import { isCaCertificate, readDistributionPoints } from './distribution-points.ts'
import { crlInvalid } from './errors.ts'
import { unknownStatus, type RevocationStatus, type UnknownStatus } from './revocation-status.ts'
import { isSameName } from './same-name.ts'

/** How far ahead of ours the clock of a CA may be, in milliseconds, unless an option says otherwise. */
export const CLOCK_SKEW = 60_000

/** A complete CRL with the delta CRL that brings it up to date, where there is one. */
export interface CrlList {
  readonly issuer: PeerIdentity
  readonly base: CrlIndex
  readonly delta: CrlIndex | undefined
  /** Milliseconds since the epoch: what is not listed is good from `from` and before `until`. */
  readonly from: number
  readonly until: number
  readonly good: RevocationStatus
  /** What is not listed from `until` on, and before `from`. */
  readonly ended: UnknownStatus
  readonly early: UnknownStatus
}

/** CRLs of one issuer and scope. */
interface Group {
  readonly bases: CrlIndex[]
  readonly deltas: CrlIndex[]
}

/**
 * Puts verified CRLs together: of each issuer and scope the newest complete one that has begun, and the newest delta
 * CRL that applies to it (RFC 5280 section 5.2.4). One of the future counts where there is no other. Several of one time
 * and number all count.
 *
 * @param begun the last thisUpdate that counts as past
 */
export function assembleLists (indexes: readonly CrlIndex[], begun: number): CrlList[] {
  return groupLists(indexes).flatMap(({ bases, deltas }) => {
    const past = bases.filter(({ thisUpdate }) => thisUpdate <= begun)
    return allNewest(past.length === 0 ? bases : past).flatMap((base) => {
      const fitting = deltas.filter((delta) =>
        delta.thisUpdate <= begun && addsTo(delta, base) && delta.baseNumber! <= base.number!)
      return fitting.length === 0 ? joinList(base, undefined) : allNewest(fitting).map((delta) => joinList(base, delta))
    })
  })
}

/** Refuses delta CRLs that have nothing to add to, now or when they begin. */
export function checkBases (indexes: readonly CrlIndex[]): void {
  for (const { bases, deltas } of groupLists(indexes)) {
    const base = newest(bases)
    if (base === undefined || (deltas.length > 0 && base.number === undefined)) {
      const list = `the delta CRL of ${String(deltas[0]!.verifiedBy)}`
      throw crlInvalid('delta_without_base', `${list} has no complete CRL with a number and the same scope beside it`)
    }
    const later = deltas.filter((delta) => addsTo(delta, base))
    if (later.length > 0 && later.every(({ baseNumber }) => baseNumber! > base.number!)) {
      const list = `a delta CRL adds to number ${later[0]!.baseNumber} or later`
      throw crlInvalid('delta_without_base', `${list}, the complete CRL there is has number ${base.number}`)
    }
  }
}

function groupLists (indexes: readonly CrlIndex[]): Group[] {
  const groups = new Map<string, Group>()
  for (const index of indexes) {
    const signer = index.verifiedBy
    if (signer === undefined) {
      throw crlInvalid('unverified', 'its signature has not been checked: parse it with `issuers`')
    }
    const key = `${signer.publicKey256}/${index.issuerKey}/${index.scope.raw}`
    const group = groups.get(key) ?? { bases: [], deltas: [] }
    groups.set(key, group);
    (index.isDelta ? group.deltas : group.bases).push(index)
  }
  return [...groups.values()]
}

/** A complete CRL of the same number or a later one holds what the delta says, unless it was issued before it. */
function addsTo (delta: CrlIndex, base: CrlIndex): boolean {
  return base.number !== undefined && (delta.number! > base.number || delta.thisUpdate > base.thisUpdate)
}

function joinList (base: CrlIndex, delta: CrlIndex | undefined): CrlList {
  const first = delta !== undefined && delta.nextUpdate < base.nextUpdate ? delta : base
  const last = delta !== undefined && delta.thisUpdate > base.thisUpdate ? delta : base
  const until = first.nextUpdate
  return {
    issuer: base.verifiedBy!,
    base,
    delta,
    from: last.thisUpdate,
    until,
    good: Object.freeze({ state: 'good', source: 'crl', until }),
    ended: unknownStatus('crl_expired', describeEnded(first)),
    early: unknownStatus('crl_not_yet_valid', describeEarly(last))
  }
}

/** One of those that were issued last. */
export function newest (indexes: readonly CrlIndex[]): CrlIndex | undefined {
  return indexes.reduce<CrlIndex | undefined>(
    (best, index) => (best === undefined || compareIssue(index, best) > 0 ? index : best),
    undefined
  )
}

/** All that were issued last: one, but where a CA has issued several of one time and number that list others. */
export function allNewest (indexes: readonly CrlIndex[]): CrlIndex[] {
  const best = newest(indexes)
  const last = indexes.filter((index) => compareIssue(index, best!) === 0)
  return [...new Map(last.map((index) => [`${index.entriesDigest}/${index.nextUpdate}`, index])).values()]
}

/**
 * Which of two CRLs of an issuer and scope comes later (above 0: the first, 0: nobody can tell): by time, since a CA
 * may begin to count anew, then by number.
 */
export function compareIssue (one: CrlIndex, other: CrlIndex): number {
  if (one.thisUpdate !== other.thisUpdate) return one.thisUpdate - other.thisUpdate
  return one.number === undefined || other.number === undefined ? 0 : Number(one.number - other.number)
}

/** The lists that may say something about one certificate. */
export interface ApplicableLists {
  /** All in scope that bear the issuer's name: what they list is revoked. */
  readonly named: readonly CrlList[]
  /** For each key that may have issued the certificate its lists in scope, or why there is none: all of them must say that it is good. */
  readonly byKey: readonly [KeyLists, ...KeyLists[]]
}

type KeyLists = readonly CrlList[] | UnknownStatus

/** Picks the lists for a certificate. Without the issuer every key of that name has to agree, since any of them may have issued it. */
export function pickLists (
  lists: readonly CrlList[],
  certificate: PeerIdentity,
  issuer: PeerIdentity | undefined
): ApplicableLists {
  const name = issuer?.subject ?? certificate.issuer
  const named = name === undefined ? [] : lists.filter((list) => sameName(list.issuer.subject, name))
  if (named.length === 0) return { named, byKey: [unknownStatus('no_crl', describeMissing(name))] }
  const keys =
    issuer?.publicKey256 !== undefined
      ? [issuer.publicKey256]
      : [...new Set(named.map((list) => list.issuer.publicKey256))]
  const byKey = keys.map((key) => {
    const own = named.filter((list) => list.issuer.publicKey256 === key)
    const inScope = own.filter((list) => covers(list, certificate))
    if (own.length === 0) return unknownStatus('no_crl', describeOtherKey(name))
    if (inScope.length > 0) return inScope
    return unknownStatus('out_of_scope', describeOutOfScope(own.map(({ base }) => base), certificate))
  }) as [KeyLists, ...KeyLists[]]
  return { named: named.filter((list) => covers(list, certificate)), byKey }
}

function sameName (one: DistinguishedName | undefined, other: DistinguishedName): boolean {
  return one !== undefined && isSameName(one, other)
}

function covers ({ base: { scope } }: CrlList, certificate: PeerIdentity): boolean {
  if (scope.only !== undefined && isCaCertificate(certificate) !== (scope.only === 'ca')) return false
  if (scope.distributionPoints === undefined) return true
  const points = readDistributionPoints(certificate)
  return scope.distributionPoints.some((name) => points.includes(name))
}

/** What the lists say about a serial at a time. A list that has ended still knows who was revoked. */
export function judgeSerial (
  lists: ApplicableLists,
  serialNumber: string,
  time: number,
  skew: number
): RevocationStatus {
  for (const list of lists.named) {
    const revoked = findRevoked(list, serialNumber, time)
    if (revoked !== undefined) return revoked
  }
  let answer: CrlList | undefined
  for (const group of lists.byKey) {
    const list = 'state' in group ? group : findFresh(group, time, skew)
    if ('state' in list) return list
    if (answer === undefined || list.until < answer.until) answer = list
  }
  return answer!.good
}

function findFresh (group: readonly CrlList[], time: number, skew: number): CrlList | UnknownStatus {
  let unknown: UnknownStatus | undefined
  for (const list of group) {
    if (time >= list.until) unknown = list.ended
    else if (time + skew >= list.from) return list
    else unknown ??= list.early
  }
  return unknown!
}

function findRevoked ({ base, delta }: CrlList, serialNumber: string, time: number): RevocationStatus | undefined {
  const changed = delta?.find(serialNumber)
  const isRemoved = changed?.reason === 'removeFromCRL'
  if (isRemoved && time < delta!.nextUpdate) return undefined
  // A delta that has ended takes nothing back any more.
  const entry = changed === undefined || isRemoved ? base.find(serialNumber) : changed
  return entry === undefined
    ? undefined
    : { state: 'revoked', source: 'crl', reason: entry.reason, revokedAt: entry.revokedAt }
}
