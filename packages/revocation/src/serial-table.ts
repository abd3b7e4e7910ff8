import { MAX_SERIAL_OCTETS } from '@peerkit/identity/x509'
import { randomFillSync } from 'node:crypto'

/** A date beyond what 32 bits of seconds hold (or before 1970) is kept as unknown. */
const NO_DATE = 0xffffffff
const HEADER = 6

// Tabulation hashing with a table drawn anew by each process: whoever chooses serials (a hostile or sloppy CA) cannot
// aim at one slot, as is possible with seeded multiplicative hashes, whose collisions can be built without the seed.
const mixing = randomFillSync(new Uint32Array(MAX_SERIAL_OCTETS * 256))

/**
 * A set of serial numbers in two typed arrays: open addressing over records `length, reason, date, serial`. Whole serials are compared, so
 * two serials of one hash are never taken for each other. It is filled once, for a known number of entries, and then only read.
 */
export class SerialTable {
  readonly #slots: Uint32Array
  readonly #records: Uint8Array
  readonly #mask: number
  readonly #scratch: Uint8Array = new Uint8Array(MAX_SERIAL_OCTETS)
  #used: number = 0
  #size: number = 0

  /**
   * @param count how many entries there will be at most
   * @param serialOctets the sum of their serials' octets at most
   */
  constructor (count: number, serialOctets: number) {
    const capacity = 2 ** Math.max(2, Math.ceil(Math.log2(count * 2 + 1)))
    this.#slots = new Uint32Array(capacity)
    this.#mask = capacity - 1
    this.#records = new Uint8Array(serialOctets + count * HEADER)
  }

  /** Distinct serials held. */
  get size (): number { return this.#size }

  /** Octets held. */
  get byteLength (): number { return this.#slots.byteLength + this.#records.byteLength }

  /**
   * Adds `bytes[start, end)`, without leading zeros. Returns the record of an equal serial that was there before, or -1.
   * @param seconds since the epoch; what does not fit is kept as unknown
   */
  insert (bytes: Uint8Array, start: number, end: number, reason: number, seconds: number): number {
    const records = this.#records
    let slot = hash(bytes, start, end) & this.#mask
    for (let found = this.#slots[slot]!; found !== 0; found = this.#slots[slot]!) {
      if (equals(records, found - 1, bytes, start, end)) return found - 1
      slot = (slot + 1) & this.#mask
    }
    const at = this.#used
    const length = end - start
    if (at + HEADER + length > records.length) throw new RangeError('more serials than were counted')
    this.#used = at + HEADER + length
    this.#size++
    records[at] = length
    this.rewrite(at, reason, seconds)
    for (let i = 0; i < length; i++) records[at + HEADER + i] = bytes[start + i]!
    this.#slots[slot] = at + 1
    return -1
  }

  /** Changes what is said about the serial of a record. */
  rewrite (at: number, reason: number, seconds: number): void {
    const date = seconds >= 0 && seconds < NO_DATE ? seconds : NO_DATE
    this.#records[at + 1] = reason
    this.#records[at + 2] = date >>> 24
    this.#records[at + 3] = date >>> 16
    this.#records[at + 4] = date >>> 8
    this.#records[at + 5] = date
  }

  /** The record of a serial in hex (any case, an even number of digits), or -1. Text that is no serial is in no list. */
  find (hex: string): number {
    const scratch = this.#scratch
    const digits = hex.length
    let from = 0
    while (from + 2 < digits && hex.charCodeAt(from) === 0x30 && hex.charCodeAt(from + 1) === 0x30) from += 2
    const length = (digits - from) >> 1
    if ((digits & 1) === 1 || length === 0 || length > MAX_SERIAL_OCTETS) return -1
    let mixed = 0
    for (let i = 0; i < length; i++) {
      const octet = (nibble(hex.charCodeAt(from + 2 * i)) << 4) | nibble(hex.charCodeAt(from + 2 * i + 1))
      scratch[i] = octet
      mixed ^= mixing[(i << 8) | (octet & 0xff)]!
    }
    let slot = mixed & this.#mask
    for (let found = this.#slots[slot]!; found !== 0; found = this.#slots[slot]!) {
      if (equals(this.#records, found - 1, scratch, 0, length)) return found - 1
      slot = (slot + 1) & this.#mask
    }
    return -1
  }

  /** The CRLReason of a record (RFC 5280 section 5.3.1), 0 where none was given. */
  reasonAt (at: number): number { return this.#records[at + 1]! }

  /** The revocation date of a record in milliseconds since the epoch, where it is known. */
  dateAt (at: number): number | undefined {
    const records = this.#records
    const seconds = ((records[at + 2]! << 24) | (records[at + 3]! << 16) | (records[at + 4]! << 8) | records[at + 5]!) >>> 0
    return seconds === NO_DATE ? undefined : seconds * 1000
  }
}

function hash (bytes: Uint8Array, start: number, end: number): number {
  let mixed = 0
  for (let i = start, row = 0; i < end; i++, row += 256) mixed ^= mixing[row | bytes[i]!]!
  return mixed
}

function equals (records: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start
  if (records[at] !== length) return false
  for (let i = 0; i < length; i++) {
    if (records[at + HEADER + i] !== bytes[start + i]) return false
  }
  return true
}

// The serials come from our own parser, in hex; anything else yields an octet that no caller asks for on purpose.
function nibble (code: number): number {
  return code < 0x3a ? code & 0x0f : (code & 0x0f) + 9
}
