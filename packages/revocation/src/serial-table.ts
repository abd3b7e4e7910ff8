import { MAX_SERIAL_OCTETS } from '@peerkit/identity/x509'
import { hashOctets, SerialRows } from './serial-rows.ts'

/** RFC 5280 section 4.1.2.2: longer serials do not conform, and must not make every row as long as they are. */
export const USUAL_SERIAL_OCTETS: number = 20

/** How many serials a table must hold, and how long the longest are: those of up to 20 octets, and the others. */
export interface SerialCounts {
  usual: number
  usualWidth: number
  long: number
  longWidth: number
}

const values = new Uint8Array(128).fill(0xff)
for (let digit = 0; digit < 16; digit++) {
  const letter = digit.toString(16)
  values[letter.charCodeAt(0)] = values[letter.toUpperCase().charCodeAt(0)] = digit
}

/** A set of serial numbers with what is said of each, in typed arrays. It is filled once, with as many as were counted, and then only read. */
export class SerialTable {
  readonly #usual: SerialRows
  readonly #long: SerialRows
  readonly #scratch: Uint8Array = new Uint8Array(MAX_SERIAL_OCTETS)

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
  insert (bytes: Uint8Array, start: number, end: number, reason: number, seconds: number, replaces: (reason: number) => boolean): void {
    const rows = end - start <= USUAL_SERIAL_OCTETS ? this.#usual : this.#long
    const row = rows.insert(hashOctets(bytes, start, end), bytes, start, end, reason, seconds)
    if (row !== -1 && replaces(rows.reasonAt(row))) rows.rewrite(row, reason, seconds)
  }

  /** Reads the places of usual serials of these hashes, so that they are near when they are needed. */
  prefetch (hashes: Uint32Array, count: number): void {
    this.#usual.prefetch(hashes, count)
  }

  /** Whether a serial in hex (of either case, an even number of digits) is there. Text that is no serial is not. */
  has (hex: string): boolean {
    const length = this.#decode(hex)
    if (length === -1) return false
    return this.#rowsFor(length).find(hashOctets(this.#scratch, 0, length), this.#scratch, length) !== -1
  }

  /** The CRLReason (RFC 5280 section 5.3.1, 0 where none was given) and the date, in milliseconds since the epoch, of a serial. */
  find (hex: string): { readonly reason: number, readonly date: number | undefined } | undefined {
    const length = this.#decode(hex)
    if (length === -1) return undefined
    const rows = this.#rowsFor(length)
    const row = rows.find(hashOctets(this.#scratch, 0, length), this.#scratch, length)
    return row === -1 ? undefined : { reason: rows.reasonAt(row), date: rows.dateAt(row) }
  }

  /** Has the memory of the rows mapped, so many octets at each step. */
  * touch (octets: number): Generator<undefined, void> {
    for (const rows of [this.#usual, this.#long]) {
      for (let at = 0; at < rows.rowOctets;) {
        at = rows.touch(at, octets)
        if (at < rows.rowOctets) yield undefined
      }
    }
  }

  #rowsFor (length: number): SerialRows {
    return length <= USUAL_SERIAL_OCTETS ? this.#usual : this.#long
  }

  /** Writes a serial's octets to the scratch, without leading zeros, and returns how many there are; -1 where it cannot be a serial. */
  #decode (hex: string): number {
    const digits = hex.length
    let from = 0
    while (from + 2 < digits && hex.charCodeAt(from) === 0x30 && hex.charCodeAt(from + 1) === 0x30) from += 2
    if (digits === 0 || (digits & 1) === 1 || digits - from > MAX_SERIAL_OCTETS * 2) return -1
    let length = 0
    let wrong = 0
    for (let i = from; i < digits; i += 2) {
      const high = values[hex.charCodeAt(i) & 0x7f]!
      const low = values[hex.charCodeAt(i + 1) & 0x7f]!
      wrong |= high | low
      this.#scratch[length++] = (high << 4) | low
    }
    return wrong > 15 ? -1 : length
  }
}
