import { DerReader, TAG, decodeSignedHex, decodeSmallInteger, decodeTime, toHex } from '@peerkit/identity/der'
import { EXTENSION, readAlgorithm, readExtensionList, readName, readSignatureScheme } from '@peerkit/identity/x509'
import type { Extension } from '@peerkit/identity/x509'

/** What a CRL says (RFC 5280 section 5.1), also one that the plugins would refuse. The signature is not checked. */
export interface CrlContent {
  readonly issuer: string
  /** Milliseconds since the epoch. */
  readonly thisUpdate: number
  readonly nextUpdate: number | undefined
  /** Decimal. */
  readonly number: string | undefined
  /** The number of the complete CRL that a delta CRL extends. */
  readonly baseNumber: string | undefined
  /** Hexadecimal. */
  readonly authorityKeyId: string | undefined
  readonly signatureAlgorithm: string
  /** The number of entries. */
  readonly size: number
  /** The first entries. */
  readonly entries: readonly CrlEntry[]
}

export interface CrlEntry {
  readonly serialNumber: string
  readonly revokedAt: number
  readonly reason: string | undefined
}

const MAX_SHOWN = 100
const REASON_CODE = '2.5.29.21'
/** RFC 5280 section 5.3.1; 7 is not used. */
const REASONS = [
  'unspecified', 'keyCompromise', 'cACompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation',
  'certificateHold', undefined, 'removeFromCRL', 'privilegeWithdrawn', 'aACompromise'
]

/** @throws MTLS_ERR_DER_INVALID */
export function readCrl (der: Uint8Array): CrlContent {
  const tbs = new DerReader(der).enter(TAG.sequence).enter(TAG.sequence)
  tbs.optional(TAG.integer)
  const algorithm = readAlgorithm(der, tbs.expect(TAG.sequence))
  const name = tbs.expect(TAG.sequence)
  const thisUpdate = readTime(tbs) ?? NaN
  const nextUpdate = readTime(tbs)
  const list = tbs.peek() === TAG.sequence ? tbs.enter(TAG.sequence) : undefined
  const { size, entries } = list === undefined ? { size: 0, entries: [] } : readEntries(list)
  const extensions = tbs.peek() === 0xa0 ? readExtensionList(tbs.enter(0xa0).enter(TAG.sequence)) : new Map()
  return {
    issuer: String(readName(der, name.start, name.end)),
    thisUpdate,
    nextUpdate,
    number: readNumber(extensions.get(EXTENSION.crlNumber)),
    baseNumber: readNumber(extensions.get(EXTENSION.deltaCrlIndicator)),
    authorityKeyId: readKeyId(extensions.get(EXTENSION.authorityKeyIdentifier)),
    signatureAlgorithm: readSignatureScheme(algorithm)?.name ?? algorithm.oid,
    size,
    entries
  }
}

function readTime (reader: DerReader): number | undefined {
  const element = reader.optional(TAG.utcTime) ?? reader.optional(TAG.generalizedTime)
  return element && decodeTime(reader.bytes, element.tag, element.contentStart, element.end)
}

function readEntries (list: DerReader): { size: number, entries: CrlEntry[] } {
  const entries: CrlEntry[] = []
  let size = 0
  while (!list.done) {
    const entry = list.enter(TAG.sequence)
    if (size++ >= MAX_SHOWN) continue
    const { contentStart, end } = entry.expect(TAG.integer)
    const revokedAt = readTime(entry) ?? NaN
    const reason = entry.done ? undefined : readReason(readExtensionList(entry.enter(TAG.sequence)).get(REASON_CODE))
    entries.push({ serialNumber: decodeSignedHex(list.bytes, contentStart, end), revokedAt, reason })
  }
  return { size, entries }
}

function readReason (extension: Extension | undefined): string | undefined {
  if (extension === undefined) return undefined
  const { contentStart, end } = new DerReader(extension.value).expect(TAG.enumerated)
  const code = decodeSmallInteger(extension.value, contentStart, end)
  return REASONS[code] ?? String(code)
}

function readNumber (extension: Extension | undefined): string | undefined {
  if (extension === undefined) return undefined
  const { contentStart, end } = new DerReader(extension.value).expect(TAG.integer)
  return BigInt(`0x${decodeSignedHex(extension.value, contentStart, end)}`).toString()
}

function readKeyId (extension: Extension | undefined): string | undefined {
  const key = extension && new DerReader(extension.value).enter(TAG.sequence).optional(0x80)
  return extension && key && toHex(extension.value, key.contentStart, key.end)
}
