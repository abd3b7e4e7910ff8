import { MAX_SERIAL_OCTETS } from '@peerkit/identity/x509'
import { randomFillSync } from 'node:crypto'

/** A date beyond what 32 bits of seconds hold (or before 1970) is kept as unknown. */
const NO_DATE = 0xffffffff
const HEADER = 6

const PAGE = 4096

// Tabulation hashing with a table drawn anew by each process: whoever chooses serials (a hostile or sloppy CA) cannot aim at one place, as is
// possible with seeded multiplicative hashes, whose collisions can be built without knowing the seed.
const mixing = randomFillSync(new Uint32Array(MAX_SERIAL_OCTETS * 256))

/** The hash of the serial `bytes[start, end)`. */
export function hashOctets (bytes: Uint8Array, start: number, end: number): number {
  let mixed = 0
  for (let i = start, row = 0; i < end; i++, row += 256) mixed ^= mixing[row | bytes[i]!]!
  return mixed
}

/**
 * Serials of up to `width` octets: open addressing over rows `length, reason, date, serial`, two thirds full, so that finding one touches one place in
 * memory; and before it a bit filter of one octet per serial, small enough for a cache, which answers nearly all questions about serials that are not
 * there. Whole serials are compared.
 */
export class SerialRows {
  readonly #stride: number
  readonly #capacity: number
  readonly #scale: number
  readonly #rows: Uint8Array
  readonly #filter: Uint32Array
  readonly #filterMask: number
  #size: number = 0
  #read: number = 0

  constructor (count: number, width: number) {
    this.#stride = width + HEADER
    this.#capacity = Math.ceil(count * 1.5) + 1
    this.#scale = this.#capacity / 2 ** 32
    this.#rows = new Uint8Array(this.#capacity * this.#stride)
    this.#filter = new Uint32Array(2 ** Math.ceil(Math.log2(count / 4 + 1)))
    this.#filterMask = this.#filter.length - 1
  }

  get size (): number { return this.#size }

  get byteLength (): number { return this.#rows.byteLength + this.#filter.byteLength }

  /** Adds `bytes[start, end)` of this hash. Returns the row of an equal serial that was there before, or -1. */
  insert (mixed: number, bytes: Uint8Array, start: number, end: number, reason: number, seconds: number): number {
    const rows = this.#rows
    const length = end - start
    let row = this.#first(mixed)
    for (; rows[row] !== 0; row = this.#after(row)) {
      if (rows[row] === length && equalOctets(rows, row + HEADER, bytes, start, length)) return row
    }
    this.#size++
    // One row stays free, or a search would have no end.
    if (this.#size >= this.#capacity) throw new RangeError('more serials than were counted')
    rows[row] = length
    this.rewrite(row, reason, seconds)
    for (let i = 0; i < length; i++) rows[row + HEADER + i] = bytes[start + i]!
    const bits = filterBits(mixed)
    this.#filter[bits & this.#filterMask]! |= bitsOf(bits)
    return -1
  }

  /** Reads the rows and the words of the filter for some hashes. */
  prefetch (hashes: Uint32Array, count: number): void {
    let read = 0
    for (let i = 0; i < count; i++) {
      const mixed = hashes[i]!
      read |= this.#rows[this.#first(mixed)]! | this.#filter[filterBits(mixed) & this.#filterMask]!
    }
    // Kept, or the loop would be nothing to the compiler.
    this.#read = read
  }

  /** Changes what is said about the serial of a row. */
  rewrite (row: number, reason: number, seconds: number): void {
    const date = seconds >= 0 && seconds < NO_DATE ? seconds : NO_DATE
    this.#rows[row + 1] = reason
    this.#rows[row + 2] = date >>> 24
    this.#rows[row + 3] = date >>> 16
    this.#rows[row + 4] = date >>> 8
    this.#rows[row + 5] = date
  }

  /** The row of the serial `bytes[0, length)` of this hash, or -1. */
  find (mixed: number, bytes: Uint8Array, length: number): number {
    const bits = filterBits(mixed)
    const wanted = bitsOf(bits)
    if ((this.#filter[bits & this.#filterMask]! & wanted) !== wanted) return -1
    const rows = this.#rows
    for (let row = this.#first(mixed); rows[row] !== 0; row = this.#after(row)) {
      if (rows[row] === length && equalOctets(rows, row + HEADER, bytes, 0, length)) return row
    }
    return -1
  }

  /**
   * Has the system map the memory of the rows from an offset on, at most so many octets, and returns the next offset. A page that is touched for the first time costs
   * microseconds; rows are filled in random order, so all pages would be touched within the first few slices.
   */
  touch (from: number, octets: number): number {
    const to = Math.min(this.#rows.length, from + octets)
    for (let at = from; at < to; at += PAGE) this.#rows[at] = 0
    return to
  }

  get rowOctets (): number { return this.#rows.length }

  reasonAt (row: number): number { return this.#rows[row + 1]! }

  dateAt (row: number): number | undefined {
    const rows = this.#rows
    const seconds = ((rows[row + 2]! << 24) | (rows[row + 3]! << 16) | (rows[row + 4]! << 8) | rows[row + 5]!) >>> 0
    return seconds === NO_DATE ? undefined : seconds * 1000
  }

  #first (mixed: number): number {
    return Math.floor((mixed >>> 0) * this.#scale) * this.#stride
  }

  #after (row: number): number {
    const next = row + this.#stride
    return next === this.#rows.length ? 0 : next
  }
}

/** Where a row lies depends on the upper bits of the hash; these are mixed from all of them (an odd factor loses nothing). */
function filterBits (mixed: number): number {
  return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
}

/** Three of the 32 bits of a word of the filter; the word is chosen by the lower bits. */
function bitsOf (bits: number): number {
  const other = Math.imul(bits, 0x297a2d39)
  return (1 << (other >>> 27)) | (1 << ((other >>> 22) & 31)) | (1 << ((other >>> 17) & 31))
}

function equalOctets (rows: Uint8Array, at: number, bytes: Uint8Array, start: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    if (rows[at + i] !== bytes[start + i]) return false
  }
  return true
}
