import { hashOctets, MAX_SERIAL_WORDS, packOctets, SerialRows } from './serial-rows.ts'
import { SerialText } from './serial-text.ts'

/**
 * Serials longer than 20 bytes do not conform to RFC 5280 section 4.1.2.2. They have a table of their own, so that
 * not every row is as long as they are.
 */
export const USUAL_SERIAL_OCTETS: number = 20

/** Sizes of a table: number and maximum length of serials of up to 20 bytes, and of longer ones. */
export interface SerialCounts {
  usual: number
  usualWidth: number
  long: number
  longWidth: number
}

// Written and read synchronously, so all tables can share them.
const text = new SerialText()
const words = new Uint32Array(MAX_SERIAL_WORDS)

/**
 * A set of serial numbers with reason and date, in typed arrays. It is filled once, with the counted number of
 * entries, and then only read.
 */
export class SerialTable {
  readonly #usual: SerialRows
  readonly #long: SerialRows

  constructor (counts: SerialCounts) {
    this.#usual = new SerialRows(counts.usual, counts.usualWidth)
    this.#long = new SerialRows(counts.long, counts.longWidth)
  }

  /** Number of distinct serials. */
  get size (): number { return this.#usual.size + this.#long.size }

  /** Memory used, in bytes. */
  get byteLength (): number { return this.#usual.byteLength + this.#long.byteLength }

  /**
   * Adds the serial `bytes[start, end)`, which has no leading zero, or the key of a negative one. An existing entry
   * is changed if `replaces` returns true for its reason.
   *
   * @param seconds since the epoch; a value that does not fit 32 bits is stored as unknown
   */
  insert (
    bytes: Uint8Array,
    start: number,
    end: number,
    reason: number,
    seconds: number,
    replaces: (reason: number) => boolean
  ): void {
    const rows = end - start <= USUAL_SERIAL_OCTETS ? this.#usual : this.#long
    packOctets(words, bytes, start, end)
    const row = rows.insert(hashOctets(bytes, start, end), words, end - start, reason, seconds)
    if (row !== -1 && replaces(rows.reasonAt(row))) rows.rewrite(row, reason, seconds)
  }

  /** Prefetches the places of usual serials of these hashes. */
  prefetch (hashes: Uint32Array, count: number): void {
    this.#usual.prefetch(hashes, count)
  }

  /** Whether a serial in hex (any case, an even number of digits) is listed. False for text that is not a serial. */
  has (hex: string): boolean {
    const length = text.read(hex)
    return length !== -1 && this.#rowsFor(length).find(text.hash, text.words, length) !== -1
  }

  #hasKey (hex: string): boolean {
    const length = text.readKey(Buffer.from(hex, 'hex'))
    return this.#rowsFor(length).find(text.hash, text.words, length) !== -1
  }

  /** Whether another table has every serial of this one. */
  isWithin (other: SerialTable): boolean {
    for (const rows of [this.#usual, this.#long]) {
      for (const key of rows.serials()) {
        if (!other.#hasKey(key)) return false
      }
    }
    return true
  }

  /**
   * The CRLReason (RFC 5280 section 5.3.1; 0 if none was given) and the date of a serial, in milliseconds since the
   * epoch.
   */
  find (hex: string): { readonly reason: number, readonly date: number | undefined } | undefined {
    const length = text.read(hex)
    if (length === -1) return undefined
    const rows = this.#rowsFor(length)
    const row = rows.find(text.hash, text.words, length)
    return row === -1 ? undefined : { reason: rows.reasonAt(row), date: rows.dateAt(row) }
  }

  /** Maps the memory of the rows, this many bytes per step. */
  * touch (octets: number): Generator<undefined, void> {
    for (const rows of [this.#usual, this.#long]) {
      for (let at = 0; at < rows.touchEnd;) {
        at = rows.touch(at, octets)
        if (at < rows.touchEnd) yield undefined
      }
    }
  }

  #rowsFor (length: number): SerialRows {
    return length <= USUAL_SERIAL_OCTETS ? this.#usual : this.#long
  }
}
