import { encodeSignedHex } from '@peerkit/identity/der'
import { MAX_SERIAL_OCTETS } from '@peerkit/identity/x509'
import { hashOctets, MAX_SERIAL_WORDS, mixing, packOctets } from './serial-rows.ts'

const MAX_DIGITS = MAX_SERIAL_OCTETS * 2
const NO_OCTET = 0x100
const TWO_ZEROS = 0x3030

// Reads two digits at a time as 16 bits of memory: half the look-ups, and half the time of reading single characters.
const octets = new Uint16Array(2 ** 16).fill(NO_OCTET)
const pair = new Uint8Array(2)
const pairBits = new Uint16Array(pair.buffer)
const letters = Array.from('0123456789abcdefABCDEF')
for (const high of letters) {
  for (const low of letters) {
    pair.set([high.charCodeAt(0), low.charCodeAt(0)])
    octets[pairBits[0]!] = parseInt(high + low, 16)
  }
}

const MINUS = 0x2d
// An amount of zero would be the positive serial 0.
const NEGATIVE = /^-(?=0*[1-9a-f])(?:[0-9a-f]{2}){1,65}$/i

/**
 * The key of a negative serial `bytes[start, end)`. No positive one, which has no leading zero, has the same key: the
 * octet `ff` is -1, and also 255 without its sign byte.
 */
export function negativeKey (bytes: Uint8Array, start: number, end: number): Uint8Array {
  const key = new Uint8Array(end - start + 1)
  key.set(bytes.subarray(start, end), 1)
  return key
}

/**
 * Parses a serial in hex to words and their hash in one pass. One object is reused, so that a lookup allocates
 * nothing.
 */
export class SerialText {
  /** As `packOctets` writes them. */
  readonly words: Uint32Array = new Uint32Array(MAX_SERIAL_WORDS)
  hash: number = 0
  readonly #text: Buffer
  readonly #pairs: Uint16Array

  constructor () {
    // Space for leading zeros that are ignored, and for one character too many. In UTF-8, a character beyond ASCII
    // cannot be mistaken for a digit.
    const memory = new ArrayBuffer(MAX_DIGITS * 2)
    this.#text = Buffer.from(memory)
    this.#pairs = new Uint16Array(memory)
  }

  /**
   * The length of the serial's key in bytes: without leading zeros (any case, an even number of digits), or a zero and
   * the encoded bytes of a negative one, which begins with `-`; -1 if the text is not a serial.
   */
  read (hex: string): number {
    if (hex.charCodeAt(0) === MINUS) return this.#readNegative(hex)
    if (hex.length === 0 || (hex.length & 1) === 1 || hex.length > this.#text.length) return -1
    const end = this.#text.write(hex, 0) >>> 1
    // Multi-byte characters make it longer than the text, or were cut.
    if (end << 1 !== hex.length) return -1
    const pairs = this.#pairs
    let at = 0
    while (at + 1 < end && pairs[at] === TWO_ZEROS) at++
    const length = end - at
    if (length > MAX_SERIAL_OCTETS) return -1
    let wrong = 0
    let mixed = 0
    let row = 0
    for (let word = 0; at < end; word++) {
      let packed = 0
      for (let shift = 24; shift >= 0 && at < end; shift -= 8, row += 256) {
        const octet = octets[pairs[at++]!]!
        wrong |= octet
        packed |= (octet & 0xff) << shift
        mixed ^= mixing[row | (octet & 0xff)]!
      }
      this.words[word] = packed
    }
    this.hash = mixed
    return wrong < NO_OCTET ? length : -1
  }

  #readNegative (hex: string): number {
    if (!NEGATIVE.test(hex)) return -1
    const encoded = encodeSignedHex(hex)
    return encoded.length > MAX_SERIAL_OCTETS ? -1 : this.readKey(negativeKey(encoded, 0, encoded.length))
  }

  /** Takes a key as it is. Returns its length. */
  readKey (key: Uint8Array): number {
    packOctets(this.words, key, 0, key.length)
    this.hash = hashOctets(key, 0, key.length)
    return key.length
  }
}
