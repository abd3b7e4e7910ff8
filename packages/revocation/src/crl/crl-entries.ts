import { TAG, decodeTime } from '@peerkit/identity/der'
import { EXTENSION, MAX_SERIAL_OCTETS, readExtensionList } from '@peerkit/identity/x509'
import { CrlInvalidError } from '../errors.ts'
import { isReason } from '../policy/revocation-status.ts'
import { DerSequence, findUnknownCritical, readNatural } from '../x509/der.ts'
import { hashOctets, MAX_KEY_OCTETS } from './serial-rows.ts'
import { USUAL_SERIAL_OCTETS, type SerialCounts, type SerialTable } from './serial-table.ts'
import { negativeKey } from './serial-text.ts'

// Reads the revoked certificates of a CRL (RFC 5280 section 5.1.2.6), which may be a million: in two passes over the
// DER, in slices, so that the caller can yield to the event loop. It creates no object per entry, so it does not use
// the shared reader's cursor.

/** CRLReason 8, which only a delta CRL may use (RFC 5280 section 5.3.1). */
export const REMOVE_FROM_CRL = 8

/** Position of a pass over the entries. */
export interface EntryCursor {
  readonly bytes: Uint8Array
  readonly end: number
  position: number
}

/** Starts at the first entry of the list whose content is `bytes[start, end)`. */
export function startEntries (bytes: Uint8Array, start: number, end: number): EntryCursor {
  return { bytes, end, position: start }
}

/** Counts up to `limit` further entries, to size the table. */
export function countEntries (cursor: EntryCursor, limit: number, counts: SerialCounts): void {
  const { bytes, end } = cursor
  let position = cursor.position
  for (let count = 0; count < limit && position < end; count++) {
    const content = contentStart(bytes, position, end, 0x30)
    const next = content + contentLength(bytes, position)
    if (next > end) throw malformed(position, 'entry ends after its list')
    const encoded = bytes[content + 1]!
    const first = bytes[content + 2]!
    // The key of a negative one is longer: see negativeKey.
    const length = encoded > 1 && first === 0 ? encoded - 1 : first >= 0x80 ? encoded + 1 : encoded
    if (length <= USUAL_SERIAL_OCTETS) {
      counts.usual++
      if (length > counts.usualWidth) counts.usualWidth = length
    } else {
      if (length > (first >= 0x80 ? MAX_KEY_OCTETS : MAX_SERIAL_OCTETS)) {
        throw malformed(content, 'serial number is too long')
      }
      counts.long++
      if (length > counts.longWidth) counts.longWidth = length
    }
    position = next
  }
  cursor.position = position
}

// Rows are spread over some 40 MB, so nearly each insertion waits for memory. Reading the places of several entries
// before filling them lets the waits overlap, which halves the loading time.
const AHEAD = 32
const ahead = new Uint32Array(AHEAD)

/** Reads up to `limit` further entries into the table. */
export function insertEntries (cursor: EntryCursor, limit: number, table: SerialTable, isDelta: boolean): void {
  for (let left = limit; left > 0 && cursor.position < cursor.end; left -= AHEAD) {
    lookAhead(cursor, table)
    insertSome(cursor, Math.min(left, AHEAD), table, isDelta)
  }
}

/** Prefetches only: nothing is checked or kept. A wrong entry is found when it is read later. */
function lookAhead (cursor: EntryCursor, table: SerialTable): void {
  const { bytes, end } = cursor
  let count = 0
  for (
    let position = cursor.position;
    count < AHEAD && position + 24 < end && bytes[position + 1]! < 0x80;
    position += 2 + bytes[position + 1]!
  ) {
    const serial = position + (bytes[position + 4] === 0 ? 5 : 4)
    ahead[count++] = hashOctets(
      bytes,
      serial,
      Math.min(position + 4 + bytes[position + 3]!, serial + MAX_SERIAL_OCTETS)
    )
  }
  table.prefetch(ahead, count)
}

function insertSome (cursor: EntryCursor, limit: number, table: SerialTable, isDelta: boolean): void {
  const { bytes, end } = cursor
  let position = cursor.position
  for (let count = 0; count < limit && position < end; count++) {
    const content = contentStart(bytes, position, end, 0x30)
    const next = content + contentLength(bytes, position)
    if (next > end) throw malformed(position, 'entry ends after its list')
    insertEntry(bytes, content, next, table, isDelta)
    position = next
  }
  cursor.position = position
}

function insertEntry (bytes: Uint8Array, start: number, end: number, table: SerialTable, isDelta: boolean): void {
  const length = bytes[start + 1]!
  let serial = start + 2
  const serialEnd = serial + length
  if (bytes[start] !== 0x02 || length === 0 || serialEnd > end) throw malformed(start, 'invalid serial number')
  if (length > 1) {
    const first = bytes[serial]!
    const second = bytes[serial + 1]!
    if ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80)) {
      throw malformed(start, 'serial number is not minimal')
    }
    if (first === 0) serial++
  }
  const timeEnd = serialEnd + 2 + bytes[serialEnd + 1]!
  if (timeEnd > end) throw malformed(serialEnd, 'invalid time')
  const seconds = decodeTime(bytes, bytes[serialEnd]!, serialEnd + 2, timeEnd) / 1000
  const reason = timeEnd === end ? 0 : readEntryExtensions(bytes, timeEnd, end)
  if (reason === REMOVE_FROM_CRL && !isDelta) throw malformed(start, 'removeFromCRL in a complete CRL')
  if (bytes[start + 2]! < 0x80) table.insert(bytes, serial, serialEnd, reason, seconds, isRemoval)
  else table.insert(negativeKey(bytes, serial, serialEnd), 0, length + 1, reason, seconds, isRemoval)
}

/** If a serial is listed twice, the stricter reason applies. */
function isRemoval (reason: number): boolean {
  return reason === REMOVE_FROM_CRL
}

// An entry has a serial, a date and a few extensions: far less than 65,535 bytes.
function contentStart (bytes: Uint8Array, position: number, end: number, tag: number): number {
  const first = bytes[position + 1]!
  if (bytes[position] !== tag || position + 2 > end) throw malformed(position, 'invalid entry')
  if (first < 0x80) return position + 2
  if (first === 0x81 && bytes[position + 2]! >= 0x80) return position + 3
  if (first === 0x82 && bytes[position + 2]! !== 0) return position + 4
  throw malformed(position, 'invalid length of an entry')
}

function contentLength (bytes: Uint8Array, position: number): number {
  const first = bytes[position + 1]!
  if (first < 0x80) return first
  return first === 0x81 ? bytes[position + 2]! : (bytes[position + 2]! << 8) | bytes[position + 3]!
}

function malformed (position: number, what: string): CrlInvalidError {
  return new CrlInvalidError('malformed', `${what} at offset ${position}`)
}

const HOLD_INSTRUCTION = '2.5.29.23'
const known: ReadonlySet<string> = new Set([EXTENSION.reasonCode, EXTENSION.invalidityDate, HOLD_INSTRUCTION])

// SEQUENCE { SEQUENCE { 2.5.29.21, OCTET STRING { ENUMERATED … } } }: nearly every entry with extensions has only
// this, so it has a fast path.
const onlyReason = [0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01]

/** The CRLReason among the extensions `bytes[start, end)` of an entry (RFC 5280 section 5.3); 0 if there is none. */
export function readEntryExtensions (bytes: Uint8Array, start: number, end: number): number {
  if (end - start === onlyReason.length + 1 && onlyReason.every((octet, i) => bytes[start + i] === octet)) {
    return checkReason(bytes[end - 1]!)
  }
  const outer = new DerSequence(bytes, start, end)
  const extensions = readExtensionList(outer.open(TAG.sequence))
  outer.finish()
  if (extensions.has(EXTENSION.certificateIssuer)) {
    throw new CrlInvalidError('indirect', 'an entry names another issuer (certificateIssuer)')
  }
  const unknown = findUnknownCritical(extensions, known)
  if (unknown !== undefined) {
    const message = `an entry has the critical extension ${unknown}, which is not supported`
    throw new CrlInvalidError('critical_extension', message)
  }
  const reason = extensions.get(EXTENSION.reasonCode)
  if (reason === undefined) return 0
  const value = new DerSequence(reason.value, 0, reason.value.length)
  const code = readNatural(value, TAG.enumerated)
  value.finish()
  return checkReason(Number(code))
}

function checkReason (code: number): number {
  if (isReason(code)) return code
  const message = `an entry has the reason ${code}, which is not one of RFC 5280 section 5.3.1`
  throw new CrlInvalidError('malformed', message)
}
