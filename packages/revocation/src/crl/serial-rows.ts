import { MAX_SERIAL_OCTETS } from '@peerkit/identity/x509'
import { randomFillSync } from 'node:crypto'

/** A date that does not fit 32 bits of seconds (or is before 1970) is stored as unknown. */
const NO_DATE = 0xffffffff
/** Words before the serial: its length and the reason, and the date. */
const HEADER = 2
const PAGE_WORDS = 1024

/** The longest key in bytes: a serial number, with a zero in front if it is negative. */
export const MAX_KEY_OCTETS: number = MAX_SERIAL_OCTETS + 1
export const MAX_SERIAL_WORDS: number = Math.ceil(MAX_KEY_OCTETS / 4)

// Tabulation hashing with a random table per process: a CA that chooses serials cannot cause collisions on purpose.
// With seeded multiplicative hashes it could, without knowing the seed.
export const mixing: Uint32Array = randomFillSync(new Uint32Array(MAX_KEY_OCTETS * 256))

/** The hash of the serial `bytes[start, end)`. */
export function hashOctets (bytes: Uint8Array, start: number, end: number): number {
  let mixed = 0
  for (let i = start, row = 0; i < end; i++, row += 256) mixed ^= mixing[row | bytes[i]!]!
  return mixed
}

/** Writes the serial `bytes[start, end)` as words, the first byte uppermost, the last word padded with zeros. */
export function packOctets (words: Uint32Array, bytes: Uint8Array, start: number, end: number): void {
  let at = start
  for (let word = 0; at < end; word++) {
    let packed = 0
    for (let shift = 24; shift >= 0 && at < end; shift -= 8) packed |= bytes[at++]! << shift
    words[word] = packed
  }
}

/**
 * A hash table for serials of up to `width` bytes: open addressing over rows `length and reason, date, serial` of
 * 32-bit words, two thirds full, so that a lookup touches one place in memory. A bit filter of one byte per serial,
 * small enough for the CPU cache, answers nearly all lookups of serials that are not listed. Whole serials are
 * compared, word by word.
 */
export class SerialRows {
  readonly #stride: number
  readonly #capacity: number
  readonly #scale: number
  readonly #rows: Uint32Array
  readonly #filter: Uint32Array
  readonly #filterMask: number
  #size: number = 0
  #read: number = 0

  constructor (count: number, width: number) {
    this.#stride = Math.ceil(width / 4) + HEADER
    this.#capacity = Math.ceil(count * 1.5) + 1
    this.#scale = this.#capacity / 2 ** 32
    this.#rows = new Uint32Array(this.#capacity * this.#stride)
    this.#filter = new Uint32Array(2 ** Math.ceil(Math.log2(count / 4 + 1)))
    this.#filterMask = this.#filter.length - 1
  }

  get size (): number { return this.#size }

  get byteLength (): number { return this.#rows.byteLength + this.#filter.byteLength }

  /**
   * Adds the serial `words` of this length in bytes and this hash. Returns the row of an equal serial if there is one,
   * else -1.
   */
  insert (mixed: number, words: Uint32Array, length: number, reason: number, seconds: number): number {
    const rows = this.#rows
    let row = this.#first(mixed)
    for (; rows[row] !== 0; row = this.#after(row)) {
      if (this.#equals(row, words, length)) return row
    }
    this.#size++
    // One row must stay free, or a search would not end.
    if (this.#size >= this.#capacity) throw new RangeError('more serials than were counted')
    rows[row] = length << 8
    this.rewrite(row, reason, seconds)
    for (let i = HEADER, word = 0; word << 2 < length; i++, word++) rows[row + i] = words[word]!
    const bits = filterBits(mixed)
    this.#filter[bits & this.#filterMask]! |= bitsOf(bits)
    return -1
  }

  /** Prefetches the rows and the filter words of some hashes. */
  prefetch (hashes: Uint32Array, count: number): void {
    let read = 0
    for (let i = 0; i < count; i++) {
      const mixed = hashes[i]!
      read |= this.#rows[this.#first(mixed)]! | this.#filter[filterBits(mixed) & this.#filterMask]!
    }
    // Keep the result, or the compiler would remove the loop.
    this.#read = read
  }

  /** Changes the reason and date of a row. */
  rewrite (row: number, reason: number, seconds: number): void {
    this.#rows[row] = (this.#rows[row]! & ~0xff) | reason
    this.#rows[row + 1] = seconds >= 0 && seconds < NO_DATE ? seconds : NO_DATE
  }

  /** The row of the serial `words` of this length in bytes and this hash, or -1. */
  find (mixed: number, words: Uint32Array, length: number): number {
    const bits = filterBits(mixed)
    const wanted = bitsOf(bits)
    if ((this.#filter[bits & this.#filterMask]! & wanted) !== wanted) return -1
    const rows = this.#rows
    for (let row = this.#first(mixed); rows[row] !== 0; row = this.#after(row)) {
      if (this.#equals(row, words, length)) return row
    }
    return -1
  }

  /**
   * Maps the memory of the rows from an offset on, at most this many bytes, and returns the next offset. The first
   * access to a page costs microseconds. Rows are filled in random order, so all pages would be touched in the first
   * few slices.
   */
  touch (from: number, octets: number): number {
    const to = Math.min(this.#rows.length, from + (octets >>> 2))
    for (let at = from; at < to; at += PAGE_WORDS) this.#rows[at] = 0
    return to
  }

  /** The end offset for `touch`. */
  get touchEnd (): number { return this.#rows.length }

  /** The keys of the serials in hex, in no particular order. */
  * serials (): Generator<string, void> {
    const rows = this.#rows
    for (let row = 0; row < rows.length; row += this.#stride) {
      const length = rows[row]! >>> 8
      let hex = ''
      for (let i = row + HEADER; hex.length < length * 2; i++) hex += rows[i]!.toString(16).padStart(8, '0')
      if (length > 0) yield hex.slice(0, length * 2)
    }
  }

  reasonAt (row: number): number { return this.#rows[row]! & 0xff }

  dateAt (row: number): number | undefined {
    const seconds = this.#rows[row + 1]!
    return seconds === NO_DATE ? undefined : seconds * 1000
  }

  #first (mixed: number): number {
    return Math.floor((mixed >>> 0) * this.#scale) * this.#stride
  }

  #after (row: number): number {
    const next = row + this.#stride
    return next === this.#rows.length ? 0 : next
  }

  #equals (row: number, words: Uint32Array, length: number): boolean {
    const rows = this.#rows
    if (rows[row]! >>> 8 !== length) return false
    for (let i = row + HEADER, word = 0; word << 2 < length; i++, word++) {
      if (rows[i] !== words[word]) return false
    }
    return true
  }
}

/** Mixes all bits of the hash into the upper ones, which choose the row. An odd factor loses no information. */
function filterBits (mixed: number): number {
  return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
}

/** Three of the 32 bits of a filter word; the lower bits of the hash choose the word. */
function bitsOf (bits: number): number {
  const other = Math.imul(bits, 0x297a2d39)
  return (1 << (other >>> 27)) | (1 << ((other >>> 22) & 31)) | (1 << ((other >>> 17) & 31))
}
