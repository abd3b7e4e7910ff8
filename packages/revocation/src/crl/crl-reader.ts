import { createHash } from 'node:crypto'
import type { PeerIdentity } from '@peerkit/identity'
import { KEY_USAGE } from '@peerkit/identity/x509'
import { CrlInvalidError, RevocationOptionError } from '../errors.ts'
import { describeUnreadableKey, isSameName, mayUse, readIssuerKey, type IssuerKey } from '../x509/issuer.ts'
import { verifyInSlices } from '../x509/signature.ts'
import { countEntries, insertEntries, startEntries } from './crl-entries.ts'
import { readCrlHeader, type CrlHeader } from './crl-header.ts'
import { CrlIndex } from './crl-index.ts'
import { splitCrls } from './crl-pem.ts'
import { SerialTable } from './serial-table.ts'

/** Number of entries between two yields to the event loop: about half a millisecond. Counting is ten times as fast. */
export const ENTRIES_PER_SLICE = 2048
const COUNTED_PER_SLICE = 16_384
const TOUCHED_PER_SLICE = 1 << 19
const HASHED_PER_SLICE = 1 << 19

/** Work that can be interrupted at each `yield`. A yielded promise must be awaited. */
export type Steps<Result> = Generator<Promise<unknown> | undefined, Result>

/** Options of `parseCrl` and `parseCrls`. */
export interface ParseCrlOptions {
  /**
   * The CAs of which one must have signed the CRL. If undefined, the signature is not verified, and no checker takes
   * the result.
   */
  readonly issuers?: readonly PeerIdentity[]
  /**
   * Called for each CRL that none of the issuers signed, with its issuer (DER of the name). The CRL is then left out.
   * If undefined, such a CRL is refused.
   */
  readonly onForeign?: (issuer: Uint8Array, foreign: ForeignCrl) => void
  /**
   * CAs that were accepted earlier. A CRL that one of them signed is passed to `onForeign`, even if one of the issuers
   * has the same name.
   */
  readonly formerIssuers?: readonly PeerIdentity[]
  /** Maximum size in bytes. Default: `SYNC_CRL_BYTES` for `parseCrl`, `MAX_CRL_BYTES` for `loadCrl`. */
  readonly maxBytes?: number
}

/** A CRL that was left out. */
export interface ForeignCrl {
  /** Whether one of the issuers has its name, with another key. */
  readonly isOtherKey: boolean
  /** The former issuer that signed it, if known. */
  readonly signedBy: PeerIdentity | undefined
}

/** Parses, verifies and indexes every CRL of an input. Without `issuers`, signatures are not verified. */
export function * readCrls (input: string | Uint8Array, reading: ParseCrlOptions): Steps<CrlIndex[]> {
  const found: CrlIndex[] = []
  try {
    for (const der of yield * splitCrls(input)) {
      const index = yield * readCrl(der, reading)
      if (index !== undefined) found.push(index)
    }
  } catch (error) {
    if (error instanceof CrlInvalidError || error instanceof RevocationOptionError) throw error
    throw new CrlInvalidError('malformed', error instanceof Error ? error.message : String(error), { cause: error })
  }
  return found
}

/** Undefined for a CRL that is left out. */
function * readCrl (der: Uint8Array, reading: ParseCrlOptions): Steps<CrlIndex | undefined> {
  const header = readCrlHeader(der)
  const verifiedBy = reading.issuers === undefined ? undefined : yield * verifyCrl(header, reading.issuers, reading)
  if (reading.issuers !== undefined && verifiedBy === undefined) return undefined
  const counts = { usual: 0, usualWidth: 0, long: 0, longWidth: 0 }
  const counter = startEntries(der, header.entriesStart, header.entriesEnd)
  while (counter.position < counter.end) {
    countEntries(counter, COUNTED_PER_SLICE, counts)
    if (counter.position < counter.end) yield undefined
  }
  const table = new SerialTable(counts)
  yield * table.touch(TOUCHED_PER_SLICE)
  const cursor = startEntries(der, header.entriesStart, header.entriesEnd)
  while (cursor.position < cursor.end) {
    insertEntries(cursor, ENTRIES_PER_SLICE, table, header.baseNumber !== undefined)
    if (cursor.position < cursor.end) yield undefined
  }
  return new CrlIndex(header, table, yield * digestEntries(der, header), verifiedBy)
}

function * digestEntries (der: Uint8Array, { entriesStart, entriesEnd }: CrlHeader): Steps<string> {
  const digest = createHash('sha256')
  for (let at = entriesStart; at < entriesEnd; at += HASHED_PER_SLICE) {
    digest.update(der.subarray(at, Math.min(at + HASHED_PER_SLICE, entriesEnd)))
    if (at + HASHED_PER_SLICE < entriesEnd) yield undefined
  }
  return digest.digest('hex')
}

/** The issuer that signed the CRL; undefined if the CRL is left out. */
function * verifyCrl (
  header: CrlHeader, issuers: readonly PeerIdentity[], { onForeign, formerIssuers = [] }: ParseCrlOptions
): Steps<PeerIdentity | undefined> {
  const named = findNamed(header, issuers)
  if (named.length === 0 && onForeign !== undefined) {
    onForeign(header.issuer, { isOtherKey: false, signedBy: undefined })
    return undefined
  }
  if (named.length === 0) throw new CrlInvalidError('issuer_unknown', 'none of the issuers has its issuer\'s name')
  const allowed = named.filter((issuer) => issuer.isCa && mayUse(issuer, KEY_USAGE.cRLSign))
  if (allowed.length === 0) {
    throw new CrlInvalidError(
      'issuer_not_allowed',
      `${String(named[0]!.identity)} is not a CA, or its keyUsage lacks cRLSign (RFC 5280 section 6.3.3)`
    )
  }
  const signer = yield * findSigner(header, allowed)
  if (signer !== undefined) return signer
  const signedBy = onForeign === undefined ? undefined : yield * findSigner(header, findNamed(header, formerIssuers))
  // A list that only names another key is not verified. But it does not replace any list either.
  if (onForeign !== undefined && (signedBy !== undefined || namesOtherKey(header, named))) {
    onForeign(header.issuer, { isOtherKey: true, signedBy })
    return undefined
  }
  const unreadable = allowed.find(({ key }) => key === undefined)
  if (unreadable !== undefined) throw new CrlInvalidError('algorithm', describeUnreadableKey(unreadable))
  throw new CrlInvalidError('signature', `its signature is not valid for ${String(allowed[0]!.identity)}`)
}

function * findSigner (
  { algorithm, tbs, signature }: CrlHeader, issuers: readonly IssuerKey[]
): Steps<PeerIdentity | undefined> {
  for (const { key, identity } of issuers) {
    if (key !== undefined && (yield * verifyInSlices(algorithm, tbs, signature, key))) return identity
  }
  return undefined
}

/** Whether the CRL itself says that none of these keys signed it. */
function namesOtherKey ({ authorityKeyId }: CrlHeader, named: readonly IssuerKey[]): boolean {
  return authorityKeyId !== undefined &&
    named.every(({ subjectKeyId }) => subjectKeyId !== undefined && subjectKeyId !== authorityKeyId)
}

function findNamed (header: CrlHeader, issuers: readonly PeerIdentity[]): IssuerKey[] {
  return issuers.map(readIssuerKey).filter(({ identity: { subject } }) =>
    subject !== undefined && isSameName(subject, header.issuerName))
}
