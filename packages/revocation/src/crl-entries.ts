import { decodeTime } from '@peerkit/identity/der'
import { MAX_SERIAL_OCTETS } from '@peerkit/identity/x509'
import { crlInvalid, type CrlInvalidReason, type ReasonedError } from './errors.ts'
import type { SerialTable } from './serial-table.ts'
import { readEntryExtensions } from './crl-entry-extensions.ts'

// The revoked certificates of a CRL (RFC 5280 section 5.1.2.6), a million at a time: two passes over the DER in slices, so that the caller may
// give the event loop its turn between them. No object is made per entry, which is why the shared reader's cursor is not used here.

/** CRLReason 8, which only a delta CRL may use (RFC 5280 section 5.3.1). */
export const REMOVE_FROM_CRL = 8

/** Where a pass over the entries has come to. */
export interface EntryCursor {
  readonly bytes: Uint8Array
  readonly end: number
  position: number
  count: number
  serialOctets: number
}

/** Stands at the first entry of the list whose content is `bytes[start, end)`. */
export function startEntries (bytes: Uint8Array, start: number, end: number): EntryCursor {
  return { bytes, end, position: start, count: 0, serialOctets: 0 }
}

/** Counts up to `limit` further entries and their serials' octets: what a table for them must hold. */
export function countEntries (cursor: EntryCursor, limit: number): void {
  const { bytes, end } = cursor
  let position = cursor.position
  let octets = 0
  let count = 0
  for (; count < limit && position < end; count++) {
    const content = contentStart(bytes, position, end, 0x30)
    const next = content + contentLength(bytes, position)
    if (next > end) throw malformed(position, 'entry ends after its list')
    const length = bytes[content + 1]!
    octets += length > 1 && bytes[content + 2] === 0 ? length - 1 : length
    position = next
  }
  cursor.position = position
  cursor.count += count
  cursor.serialOctets += octets
}

/** Reads up to `limit` further entries into the table. */
export function insertEntries (cursor: EntryCursor, limit: number, table: SerialTable, isDelta: boolean): void {
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
  if (bytes[start] !== 0x02 || length === 0 || length > MAX_SERIAL_OCTETS + 1 || serialEnd > end) throw malformed(start, 'serial number')
  if (length > 1) {
    const first = bytes[serial]!
    const second = bytes[serial + 1]!
    if ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80)) throw malformed(start, 'serial number is not minimal')
    if (first === 0) serial++
  }
  if (serialEnd - serial > MAX_SERIAL_OCTETS) throw malformed(start, 'serial number is too long')
  const timeEnd = serialEnd + 2 + bytes[serialEnd + 1]!
  if (timeEnd > end) throw malformed(serialEnd, 'time')
  const seconds = decodeTime(bytes, bytes[serialEnd]!, serialEnd + 2, timeEnd) / 1000
  const reason = timeEnd === end ? 0 : readEntryExtensions(bytes, timeEnd, end)
  if (reason === REMOVE_FROM_CRL && !isDelta) throw malformed(start, 'removeFromCRL in a complete CRL')
  const known = table.insert(bytes, serial, serialEnd, reason, seconds)
  // One serial twice: the harsher word counts.
  if (known !== -1 && table.reasonAt(known) === REMOVE_FROM_CRL) table.rewrite(known, reason, seconds)
}

// An entry holds a serial, a date and a few extensions: 65,535 octets are far more than any has.
function contentStart (bytes: Uint8Array, position: number, end: number, tag: number): number {
  const first = bytes[position + 1]!
  if (bytes[position] !== tag || position + 2 > end) throw malformed(position, 'entry')
  if (first < 0x80) return position + 2
  if (first === 0x81 && bytes[position + 2]! >= 0x80) return position + 3
  if (first === 0x82 && bytes[position + 2]! !== 0) return position + 4
  throw malformed(position, 'length of an entry')
}

function contentLength (bytes: Uint8Array, position: number): number {
  const first = bytes[position + 1]!
  if (first < 0x80) return first
  return first === 0x81 ? bytes[position + 2]! : (bytes[position + 2]! << 8) | bytes[position + 3]!
}

function malformed (position: number, what: string): ReasonedError<CrlInvalidReason> {
  return crlInvalid('malformed', `${what} at offset ${position}`)
}
