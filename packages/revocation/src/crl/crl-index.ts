import { nameKey, rdnKeys, type DistinguishedName, type PeerIdentity } from '@peerkit/identity'
import { nameReason } from '../policy/revocation-status.ts'
import type { CrlHeader } from './crl-header.ts'
import type { CrlScope } from './crl-scope.ts'
import type { SerialTable } from './serial-table.ts'

/** The entry of a revoked certificate. */
export interface CrlEntry {
  /** A name of RFC 5280 section 5.3.1, e.g. `keyCompromise`; undefined if none was given. */
  readonly reason: string | undefined
  /** Milliseconds since the epoch. */
  readonly revokedAt: number | undefined
}

/** One CRL in compact form; made by `parseCrl` and `loadCrl`. The original bytes are not kept. */
export class CrlIndex {
  /** The CA whose key signed it; undefined if it was parsed without `issuers`. */
  readonly verifiedBy: PeerIdentity | undefined
  /** The issuer's name in DER, as hex. */
  readonly issuerName: string
  /**
   * The issuer's name as a normalized text. It is equal for names that are equal by RFC 5280 section 7.1, which
   * ignores string types, case and runs of spaces. Use it to tell whether two lists have the same issuer.
   */
  readonly issuerKey: string
  /** Milliseconds since the epoch. */
  readonly thisUpdate: number
  /** Milliseconds since the epoch. From then on the list does not say which certificates are good. */
  readonly nextUpdate: number
  readonly number: bigint | undefined
  /** For a delta CRL: the number of the complete CRL that it extends. */
  readonly baseNumber: bigint | undefined
  readonly scope: CrlScope
  /** SHA-256 of the encoded entries, in hex. Distinguishes lists of the same time and number. */
  readonly entriesDigest: string
  readonly #table: SerialTable

  constructor (header: CrlHeader, table: SerialTable, entriesDigest: string, verifiedBy: PeerIdentity | undefined) {
    this.verifiedBy = verifiedBy
    this.issuerName = Buffer.from(header.issuer).toString('hex')
    this.issuerKey = nameKey(rdnKeys(header.issuerName))
    this.thisUpdate = header.thisUpdate
    this.nextUpdate = header.nextUpdate
    this.number = header.number
    this.baseNumber = header.baseNumber
    this.scope = header.scope
    this.entriesDigest = entriesDigest
    this.#table = table
    Object.freeze(this)
  }

  get issuer (): DistinguishedName | undefined { return this.verifiedBy?.subject }

  get isDelta (): boolean { return this.baseNumber !== undefined }

  /** Number of serial numbers in the list. */
  get size (): number { return this.#table.size }

  /** Memory used by the entries, in bytes. */
  get byteLength (): number { return this.#table.byteLength }

  /**
   * Whether a serial number is listed.
   *
   * @param serialNumber hex, as `PeerIdentity.serialNumber`
   */
  has (serialNumber: string): boolean {
    return this.#table.has(serialNumber)
  }

  /**
   * Whether another list has every serial number of this one. Compares them one by one if the entries differ. A delta
   * CRL, which may remove a revocation, is only covered by an equal one.
   */
  isCoveredBy (other: CrlIndex): boolean {
    if (this.entriesDigest === other.entriesDigest) return true
    return !this.isDelta && this.size <= other.size && this.#table.isWithin(other.#table)
  }

  /**
   * Finds the entry of a serial number. In a delta CRL, the reason `removeFromCRL` means that it is not revoked any
   * more.
   *
   * @param serialNumber hex, as `PeerIdentity.serialNumber`
   */
  find (serialNumber: string): CrlEntry | undefined {
    const found = this.#table.find(serialNumber)
    return found === undefined ? undefined : { reason: nameReason(found.reason), revokedAt: found.date }
  }
}

/** One of the lists that were issued last. */
export function newest (indexes: readonly CrlIndex[]): CrlIndex | undefined {
  return indexes.reduce<CrlIndex | undefined>(
    (best, index) => (best === undefined || compareIssue(index, best) > 0 ? index : best),
    undefined
  )
}

/** All lists that were issued last. There are several if a CA issued different lists with the same time and number. */
export function allNewest (indexes: readonly CrlIndex[]): CrlIndex[] {
  const best = newest(indexes)
  const last = indexes.filter((index) => compareIssue(index, best!) === 0)
  return [...new Map(last.map((index) => [`${index.entriesDigest}/${index.nextUpdate}`, index])).values()]
}

/**
 * Compares the issue of two CRLs of an issuer and scope. Above 0: the first is later. 0: not known. The time
 * decides, since a CA may restart its numbers; then the number does.
 */
export function compareIssue (one: CrlIndex, other: CrlIndex): number {
  if (one.thisUpdate !== other.thisUpdate) return one.thisUpdate - other.thisUpdate
  return one.number === undefined || other.number === undefined ? 0 : Number(one.number - other.number)
}

/** Key for lists that replace each other. */
export function kindOf (list: CrlIndex): string {
  return `${list.isDelta ? 'delta' : 'complete'}/${caOf(list)}/${list.scope.raw}`
}

/** Key for lists of one CA: its name and its key. */
export function caOf ({ verifiedBy, issuerKey }: CrlIndex): string {
  return `${verifiedBy?.publicKey256}/${issuerKey}`
}
