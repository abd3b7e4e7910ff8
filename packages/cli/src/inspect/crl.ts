import type { RevocationReason } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { decodeSignedHex, decodeSmallInteger, decodeTime, DerReader, TAG, toHex } from '@peerkit/identity/der'
import type { DerElement } from '@peerkit/identity/der'
import { EXTENSION, readAlgorithm, readExtensionList, readName, readSignatureScheme } from '@peerkit/identity/x509'
import type { Extension } from '@peerkit/identity/x509'
import { loadCrls } from '@peerkit/revocation'
import { describeMoment, describePeriod, shownRows } from '../output.ts'
import type { Described } from './objects.ts'

/** What the refusal of a CRL says about its signature; `none` if it is not refused. */
const SIGNATURES: Readonly<Record<string, string>> = {
  none: 'valid', signature: 'not_valid', issuer_unknown: 'issuer_unknown'
}
const SIGNATURE_TEXTS: Readonly<Record<string, string>> = {
  valid: 'valid, by --ca',
  not_valid: 'not valid for the CA of this name in --ca',
  issuer_unknown: 'not checked: its CA is not in --ca',
  not_checked: 'not checked'
}

/** What a CRL says, and whether the plugins accept it. With CAs the signature is checked too. */
export async function describeCrl (der: Uint8Array, anchors: readonly Uint8Array[], trust: string): Promise<Described> {
  const content = readCrl(der)
  const refusal = await findRefusal(der, anchors)
  const refused = refusal?.message
  const signature = anchors.length === 0 ? 'not_checked' : SIGNATURES[refusal?.reason ?? 'none'] ?? 'not_checked'
  const data = {
    ...content,
    thisUpdate: describeMoment(content.thisUpdate),
    nextUpdate: content.nextUpdate === undefined ? undefined : describeMoment(content.nextUpdate),
    entries: content.entries.map((entry) => ({ ...entry, revokedAt: describeMoment(entry.revokedAt) })),
    signature,
    refused
  }
  return { list: 'crls', title: 'CRL', data, text: describeAsText(content, refused, signature, trust) }
}

/** Why `@peerkit/revocation` refuses it. */
async function findRefusal (
  der: Uint8Array, anchors: readonly Uint8Array[]
): Promise<{ readonly reason?: string, readonly message: string } | undefined> {
  try {
    await loadCrls(der, anchors.length === 0 ? {} : { issuers: anchors.map((anchor) => parsePeerIdentity(anchor)) })
    return undefined
  } catch (error) {
    return error as Error
  }
}

function describeAsText (
  content: CrlContent, refused: string | undefined, signature: string, trust: string
): string {
  const { issuer, thisUpdate, nextUpdate, number, baseNumber, authorityKeyId, signatureAlgorithm, size } = content
  const left = size - content.entries.length
  return shownRows([
    ['issuer', issuer],
    ['thisUpdate', describeMoment(thisUpdate)],
    ['nextUpdate', nextUpdate === undefined
      ? 'none: it would never expire'
      : `${describeMoment(nextUpdate)}: ${describePeriod(thisUpdate, nextUpdate, Date.now())}`],
    ['number', number],
    ['delta CRL of', baseNumber === undefined ? undefined : `number ${baseNumber}`],
    ['key identifier', authorityKeyId ?? 'none'],
    ['algorithm', signatureAlgorithm],
    ['signature', SIGNATURE_TEXTS[signature]?.replace('--ca', trust)],
    ['refused', refused],
    ['revoked', size === 0 ? 'none' : content.entries.map(describeEntry)],
    ['', left === 0 ? undefined : `and ${left} more, ${size} in all`]
  ])
}

function describeEntry ({ serialNumber, revokedAt, reason }: CrlEntry): string {
  return `${serialNumber}  ${describeMoment(revokedAt)}${reason === undefined ? '' : `  ${reason}`}`
}

/** The period of a CRL (RFC 5280 section 5.1.2). */
export interface CrlPeriod {
  readonly issuer: string
  /** Milliseconds since the epoch. */
  readonly thisUpdate: number
  readonly nextUpdate: number | undefined
}

/** What a CRL says (RFC 5280 section 5.1), also one that the plugins would refuse. The signature is not checked. */
interface CrlContent extends CrlPeriod {
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

interface CrlEntry {
  readonly serialNumber: string
  readonly revokedAt: number
  readonly reason: string | undefined
}

const MAX_SHOWN = 100
/** The names of CRLReason (RFC 5280 section 5.3.1); 7 is not used. */
export const CRL_REASONS: ReadonlyArray<RevocationReason | undefined> = [
  'unspecified', 'keyCompromise', 'cACompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation',
  'certificateHold', undefined, 'removeFromCRL', 'privilegeWithdrawn', 'aACompromise'
]

/** @throws DerInvalidError */
function readCrl (der: Uint8Array): CrlContent {
  const tbs = new DerReader(der).enter(TAG.sequence).enter(TAG.sequence)
  const { issuer, thisUpdate = NaN, nextUpdate, ...head } = readHead(tbs)
  const algorithm = readAlgorithm(der, head.algorithm)
  const list = tbs.peek() === TAG.sequence ? tbs.enter(TAG.sequence) : undefined
  const { size, entries } = list === undefined ? { size: 0, entries: [] } : readEntries(list)
  const extensions = tbs.peek() === 0xa0 ? readExtensionList(tbs.enter(0xa0).enter(TAG.sequence)) : new Map()
  return {
    issuer,
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

/** The period of a CRL. Undefined if the DER is not a CRL. */
export function readCrlPeriod (der: Uint8Array): CrlPeriod | undefined {
  try {
    const { issuer, thisUpdate, nextUpdate } = readHead(new DerReader(der).enter(TAG.sequence).enter(TAG.sequence))
    return thisUpdate === undefined ? undefined : { issuer, thisUpdate, nextUpdate }
  } catch {
    return undefined
  }
}

interface CrlHead extends Omit<CrlPeriod, 'thisUpdate'> {
  readonly algorithm: DerElement
  readonly thisUpdate: number | undefined
}

function readHead (tbs: DerReader): CrlHead {
  tbs.optional(TAG.integer)
  const algorithm = tbs.expect(TAG.sequence)
  const { start, end } = tbs.expect(TAG.sequence)
  const issuer = String(readName(tbs.bytes, start, end))
  return { algorithm, issuer, thisUpdate: readTime(tbs), nextUpdate: readTime(tbs) }
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
    const extensions = entry.done ? undefined : readExtensionList(entry.enter(TAG.sequence))
    const reason = readReason(extensions?.get(EXTENSION.reasonCode))
    entries.push({ serialNumber: decodeSignedHex(list.bytes, contentStart, end), revokedAt, reason })
  }
  return { size, entries }
}

function readReason (extension: Extension | undefined): string | undefined {
  if (extension === undefined) return undefined
  const { contentStart, end } = new DerReader(extension.value).expect(TAG.enumerated)
  const code = decodeSmallInteger(extension.value, contentStart, end)
  return CRL_REASONS[code] ?? String(code)
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
