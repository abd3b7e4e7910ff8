import { nameKey, rdnKeys, type DistinguishedName, type PeerIdentity } from '@peerkit/identity'
import type { CrlHeader } from './crl-header.ts'
import type { CrlScope } from './crl-scope.ts'
import { nameReason } from './revocation-status.ts'
import type { SerialTable } from './serial-table.ts'

/** What a CRL says about a serial it lists. */
export interface CrlEntry {
  /** A name of RFC 5280 section 5.3.1, e.g. `keyCompromise`; undefined where none was given. */
  readonly reason: string | undefined
  /** Milliseconds since the epoch. */
  readonly revokedAt: number | undefined
}

/** The compact form of one CRL. The octets it was read from are not kept. */
export class CrlIndex {
  /** The CA whose key signed it; undefined where it was parsed without issuers to verify it against. */
  readonly verifiedBy: PeerIdentity | undefined
  /** The issuer's name in DER, as hex. */
  readonly issuerName: string
  /**
   * The issuer's name as a text that is equal where RFC 5280 section 7.1 calls the names equal: string types, case and
   * runs of spaces do not count. Tells whether two lists are of one issuer.
   */
  readonly issuerKey: string
  /** Milliseconds since the epoch. */
  readonly thisUpdate: number
  /** Milliseconds since the epoch: from here on the list says nothing about what it does not list. */
  readonly nextUpdate: number
  readonly number: bigint | undefined
  /** For a delta CRL, the number of the complete CRL it adds to. */
  readonly baseNumber: bigint | undefined
  readonly scope: CrlScope
  /** SHA-256 of the entries as they stand, as hex: tells apart lists that bear the same time and number. */
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

  /** How many serials it lists. */
  get size (): number { return this.#table.size }

  /** Octets of memory its entries take. */
  get byteLength (): number { return this.#table.byteLength }

  /** Whether a serial is listed. @param serialNumber hex, as `PeerIdentity.serialNumber` */
  has (serialNumber: string): boolean {
    return this.#table.has(serialNumber)
  }

  /**
   * Whether another list names every serial that this one names. Takes a look at each where the entries differ; of delta
   * CRLs, which may take a revocation back, only equal ones cover each other.
   */
  isCoveredBy (other: CrlIndex): boolean {
    if (this.entriesDigest === other.entriesDigest) return true
    return !this.isDelta && this.size <= other.size && this.#table.isWithin(other.#table)
  }

  /** What the list says about a serial. In a delta CRL the reason `removeFromCRL` means that it is revoked no longer. */
  find (serialNumber: string): CrlEntry | undefined {
    const found = this.#table.find(serialNumber)
    return found === undefined ? undefined : { reason: nameReason(found.reason), revokedAt: found.date }
  }
}
