import type { DistinguishedName, PeerIdentity } from '@peerkit/identity'
import { CrlInvalidError } from '../errors.ts'
import {
  issuerMismatch, unknownStatus, type RevocationStatus, type UnknownStatus
} from '../policy/revocation-status.ts'
import { isNamed, isSameName } from '../x509/issuer.ts'
import { describeEarly, describeEnded, describeMissing, describeOtherKey, describeOutOfScope } from './crl-details.ts'
import { allNewest, caOf, newest, type CrlIndex } from './crl-index.ts'
import { covers } from './crl-scope.ts'

/** Default tolerance for the clock of a CA that is ahead, in milliseconds. */
export const CLOCK_SKEW = 60_000

/** A complete CRL, and the delta CRL that updates it, if there is one. */
export interface CrlList {
  readonly issuer: PeerIdentity
  readonly base: CrlIndex
  readonly delta: CrlIndex | undefined
  /** Milliseconds since the epoch: certificates that are not listed are good from `from` and before `until`. */
  readonly from: number
  readonly until: number
  readonly good: RevocationStatus
  /** Status of certificates that are not listed, from `until` on, and before `from`. */
  readonly ended: UnknownStatus
  readonly early: UnknownStatus
}

/** CRLs of one issuer and scope. */
interface Group {
  readonly bases: CrlIndex[]
  readonly deltas: CrlIndex[]
}

/**
 * Selects the lists that apply: of each issuer and scope the latest complete CRL that is valid already, and the
 * latest delta CRL that applies to it (RFC 5280 section 5.2.4). A future one is used if there is no other. Several
 * of the same time and number all apply.
 *
 * @param begun the latest thisUpdate that counts as past
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

/** Refuses delta CRLs that have no base, now or when they become valid. */
export function checkBases (indexes: readonly CrlIndex[]): void {
  for (const { bases, deltas } of groupLists(indexes)) {
    const base = newest(bases)
    if (base === undefined || (deltas.length > 0 && base.number === undefined)) {
      const list = `the delta CRL of ${String(deltas[0]!.verifiedBy)}`
      throw new CrlInvalidError('delta_without_base', `${list} has no complete CRL with a number and the same scope`)
    }
    const later = deltas.filter((delta) => addsTo(delta, base))
    if (later.length > 0 && later.every(({ baseNumber }) => baseNumber! > base.number!)) {
      const list = `a delta CRL extends number ${later[0]!.baseNumber} or later`
      throw new CrlInvalidError('delta_without_base', `${list}; the complete CRL has number ${base.number}`)
    }
  }
}

function groupLists (indexes: readonly CrlIndex[]): Group[] {
  const groups = new Map<string, Group>()
  for (const index of indexes) {
    const key = `${caOf(index)}/${index.scope.raw}`
    const group = groups.get(key) ?? { bases: [], deltas: [] }
    groups.set(key, group);
    (index.isDelta ? group.deltas : group.bases).push(index)
  }
  return [...groups.values()]
}

/**
 * Whether a delta adds to a base. A complete CRL of the same or a later number already has the entries of the delta,
 * unless it was issued before it.
 */
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

const ISSUER_UNKNOWN = unknownStatus('issuer_unknown', 'the issuer of the certificate is not known')

/** The lists that apply to one certificate. */
export interface ApplicableLists {
  /** All lists in scope with the issuer's name. A certificate in any of them is revoked. */
  readonly named: readonly CrlList[]
  /**
   * For each key that may have issued the certificate: its lists in scope, or why there is none. The certificate is
   * good only if all of them say so.
   */
  readonly byKey: readonly [KeyLists, ...KeyLists[]]
}

type KeyLists = readonly CrlList[] | UnknownStatus

/**
 * Picks the lists for a certificate, or says why there can be none. If the issuer is not known, every key of that name
 * must agree, since any of them may have issued the certificate.
 */
export function pickLists (
  lists: readonly CrlList[],
  certificate: PeerIdentity,
  issuer: PeerIdentity | undefined
): ApplicableLists | UnknownStatus {
  if (issuer === undefined && certificate.issuer === undefined) return ISSUER_UNKNOWN
  if (issuer !== undefined && !isNamed(certificate, issuer)) return issuerMismatch(certificate, issuer)
  const name = issuer?.subject ?? certificate.issuer
  const named = name === undefined ? [] : lists.filter((list) => sameName(list.issuer.subject, name))
  if (named.length === 0) return { named, byKey: [unknownStatus('no_crl', describeMissing(name))] }
  const keys =
    issuer?.publicKey256 !== undefined
      ? [issuer.publicKey256]
      : [...new Set(named.map((list) => list.issuer.publicKey256))]
  const byKey = keys.map((key) => {
    const own = named.filter((list) => list.issuer.publicKey256 === key)
    const inScope = own.filter((list) => covers(list.base.scope, certificate))
    if (own.length === 0) return unknownStatus('no_crl', describeOtherKey(name))
    if (inScope.length > 0) return inScope
    return unknownStatus('out_of_scope', describeOutOfScope(own.map(({ base }) => base), certificate))
  }) as [KeyLists, ...KeyLists[]]
  return { named: named.filter((list) => covers(list.base.scope, certificate)), byKey }
}

/** Leaves out the lists by other keys than those that may have issued the certificate. */
export function limitToKeys ({ byKey }: ApplicableLists): ApplicableLists {
  return { named: byKey.flatMap((lists) => 'state' in lists ? [] : lists), byKey }
}

function sameName (one: DistinguishedName | undefined, other: DistinguishedName): boolean {
  return one !== undefined && isSameName(one, other)
}

/** The status of a serial number at a time. An expired list still says which certificates are revoked. */
export function statusOf (
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
  // An expired delta does not remove a revocation.
  const entry = changed === undefined || isRemoved ? base.find(serialNumber) : changed
  return entry === undefined
    ? undefined
    : { state: 'revoked', source: 'crl', reason: entry.reason, revokedAt: entry.revokedAt }
}
