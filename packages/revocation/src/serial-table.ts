import { hashOctets, MAX_SERIAL_WORDS, packOctets, SerialRows } from './serial-rows.ts'
import { SerialText } from './serial-text.ts'

/** RFC 5280 section 4.1.2.2: longer serials do not conform, and must not make every row as long as they are. */
export const USUAL_SERIAL_OCTETS: number = 20

/** How many serials a table must hold, and how long the longest are: those of up to 20 octets, and the others. */
export interface SerialCounts {
  usual: number
  usualWidth: number
  long: number
  longWidth: number
}

// Filled and read at once, so that one of each does for all tables.
const text = new SerialText()
const words = new Uint32Array(MAX_SERIAL_WORDS)

/** A set of serial numbers with what is said of each, in typed arrays. It is filled once, with as many as were counted, and then only read. */
export class SerialTable {
  readonly #usual: SerialRows
  readonly #long: SerialRows

  constructor (counts: SerialCounts) {
    this.#usual = new SerialRows(counts.usual, counts.usualWidth)
    this.#long = new SerialRows(counts.long, counts.longWidth)
  }

  /** Distinct serials held. */
  get size (): number { return this.#usual.size + this.#long.size }

  /** Octets held. */
  get byteLength (): number { return this.#usual.byteLength + this.#long.byteLength }

  /**
   * Adds the serial `bytes[start, end)`, which has no leading zero. One that is there already is changed where `replaces` says so of the reason it has.
   * @param seconds since the epoch; what does not fit 32 bits is kept as unknown
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

  /** Reads the places of usual serials of these hashes, so that they are near when they are needed. */
  prefetch (hashes: Uint32Array, count: number): void {
    this.#usual.prefetch(hashes, count)
  }

  /** Whether a serial in hex (of either case, an even number of digits) is there. Text that is no serial is not. */
  has (hex: string): boolean {
    const length = text.read(hex)
    return length !== -1 && this.#rowsFor(length).find(text.hash, text.words, length) !== -1
  }

  /** Whether another table holds every serial of this one. */
  isWithin (other: SerialTable): boolean {
    for (const rows of [this.#usual, this.#long]) {
      for (const serial of rows.serials()) {
        if (!other.has(serial)) return false
      }
    }
    return true
  }

  /** The CRLReason (RFC 5280 section 5.3.1, 0 where none was given) and the date, in milliseconds since the epoch, of a serial. */
  find (hex: string): { readonly reason: number, readonly date: number | undefined } | undefined {
    const length = text.read(hex)
    if (length === -1) return undefined
    const rows = this.#rowsFor(length)
    const row = rows.find(text.hash, text.words, length)
    return row === -1 ? undefined : { reason: rows.reasonAt(row), date: rows.dateAt(row) }
  }

  /** Has the memory of the rows mapped, so many octets at each step. */
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
