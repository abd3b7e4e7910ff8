import { malformed } from '../errors.ts'

const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/** Identifier bytes of the universal types that X.509 uses (X.690 section 8.1.2), with the constructed bit. */
export const TAG: typeof tags = Object.freeze(tags)

/**
 * Decodes a BOOLEAN's content: one byte, 0xff or 0x00 (X.690 section 11.1). @throws DerInvalidError
 *
 * @example
 * ```ts
 * console.log(decodeBoolean(Uint8Array.of(0xff), 0, 1)) // true
 * ```
 */
export function decodeBoolean (bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== 1 || (bytes[start] !== 0xff && bytes[start] !== 0)) malformed('boolean_invalid', start)
  return bytes[start] === 0xff
}

/**
 * Refuses an INTEGER's content that is empty or not minimal (X.690 section 8.3.2). @throws DerInvalidError
 *
 * @example
 * ```ts
 * checkInteger(Uint8Array.of(0x00, 0x80), 0, 2) // 128; throws for 00 7f, which is 127 in two octets
 * ```
 */
export function checkInteger (bytes: Uint8Array, start: number, end: number): void {
  if (end === start) malformed('integer_invalid', start, 'empty')
  if (end - start < 2) return
  const first = bytes[start]
  const sign = (bytes[start + 1] as number) & 0x80
  if ((first === 0 && sign === 0) || (first === 0xff && sign !== 0)) malformed('integer_invalid', start, 'not minimal')
}

/**
 * Decodes an INTEGER from 0 to `max` to a number. @throws DerInvalidError
 *
 * @example
 * ```ts
 * console.log(decodeSmallInteger(Uint8Array.of(0x01, 0x00), 0, 2)) // 256
 * ```
 */
export function decodeSmallInteger (
  bytes: Uint8Array,
  start: number,
  end: number,
  max: number = Number.MAX_SAFE_INTEGER
): number {
  checkInteger(bytes, start, end)
  if ((bytes[start] as number) >= 0x80) malformed('integer_invalid', start, 'negative')
  if (end - start > 8) malformed('integer_invalid', start, `above ${max}`)
  let value = 0
  for (let i = start; i < end; i++) value = value * 256 + (bytes[i] as number)
  if (value > max) malformed('integer_invalid', start, `above ${max}`)
  return value
}

/**
 * Decodes a non-negative INTEGER to lower-case hex with an even number of digits, without the sign byte (0 is `00`).
 *
 * @throws DerInvalidError
 * @example
 * ```ts
 * console.log(decodeIntegerHex(Uint8Array.of(0x00, 0x80), 0, 2)) // 80
 * ```
 */
export function decodeIntegerHex (bytes: Uint8Array, start: number, end: number): string {
  checkInteger(bytes, start, end)
  if ((bytes[start] as number) >= 0x80) malformed('integer_invalid', start, 'negative')
  return toHex(bytes, bytes[start] === 0 && end - start > 1 ? start + 1 : start, end)
}

/**
 * Position of the bits of a BIT STRING. The content's first byte is the number of unused bits in the last byte.
 * Unused bits must be zero (X.690 section 11.2.1).
 */
export interface DerBits {
  readonly start: number
  readonly end: number
  readonly unused: number
}

/**
 * Decodes a BIT STRING's content. @throws DerInvalidError
 *
 * @example
 * ```ts
 * const { start, end, unused } = decodeBitString(Uint8Array.of(0x05, 0xa0), 0, 2)
 * console.log(start, end, unused) // 1 2 5
 * ```
 */
export function decodeBitString (bytes: Uint8Array, start: number, end: number): DerBits {
  const unused = bytes[start] as number
  if (end === start || unused > 7 || (unused > 0 && end - start === 1)) malformed('bit_string_invalid', start)
  if (unused > 0 && ((bytes[end - 1] as number) & ((1 << unused) - 1)) !== 0) {
    malformed('bit_string_invalid', end - 1, 'unused bits set')
  }
  return { start: start + 1, end, unused }
}

/**
 * Checks a NULL's content, which must be empty. @throws DerInvalidError
 *
 * @example
 * ```ts
 * checkNull(2, 2) // throws where the end is not the start
 * ```
 */
export function checkNull (start: number, end: number): void {
  if (end !== start) malformed('null_invalid', start)
}

/**
 * Lower-case hex of `[start, end)`.
 *
 * @example
 * ```ts
 * console.log(toHex(Uint8Array.of(0x0a, 0xff))) // 0aff
 * ```
 */
export function toHex (bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  return asBuffer(bytes).toString('hex', start, end)
}

/**
 * Decodes an INTEGER to lower-case hex with an even number of digits, without the sign byte (0 is `00`). A negative one
 * is `-` and its amount, as OpenSSL and Node show it: -1, encoded as `ff`, is `-01`. So no two integers have the same
 * text, although 255 has the octet `ff` too.
 *
 * @throws DerInvalidError
 * @example
 * ```ts
 * console.log(decodeSignedHex(Uint8Array.of(0xff), 0, 1), decodeSignedHex(Uint8Array.of(0, 0xff), 0, 2)) // -01 ff
 * ```
 */
export function decodeSignedHex (bytes: Uint8Array, start: number, end: number): string {
  checkInteger(bytes, start, end)
  const isNegative = (bytes[start] as number) >= 0x80
  if (!isNegative) return toHex(bytes, bytes[start] === 0 && end - start > 1 ? start + 1 : start, end)
  const amount = (1n << BigInt(8 * (end - start))) - BigInt(`0x${toHex(bytes, start, end)}`)
  return `-${evenHex(amount)}`
}

/**
 * The content octets of the INTEGER that `decodeSignedHex` decodes to this text.
 *
 * @param text hex digits, with `-` in front of a negative number
 * @example
 * ```ts
 * console.log(encodeSignedHex('-01'), encodeSignedHex('ff')) // Uint8Array(1) [ 255 ] Uint8Array(2) [ 0, 255 ]
 * ```
 */
export function encodeSignedHex (text: string): Uint8Array {
  const isNegative = text.startsWith('-')
  const amount = BigInt(`0x${isNegative ? text.slice(1) : text}`)
  if (!isNegative || amount === 0n) {
    const digits = evenHex(amount)
    return octetsOf(Number.parseInt(digits.slice(0, 2), 16) >= 0x80 ? `00${digits}` : digits)
  }
  // The fewest octets whose range, which begins at -2^(bits - 1), has the number.
  const length = Math.ceil(((amount - 1n).toString(2).length + 1) / 8)
  return octetsOf(((1n << BigInt(8 * length)) - amount).toString(16).padStart(2 * length, '0'))
}

function evenHex (value: bigint): string {
  const digits = value.toString(16)
  return digits.length % 2 === 0 ? digits : `0${digits}`
}

function octetsOf (hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

/**
 * The same bytes as a Buffer, without a copy. A Buffer is returned unchanged, because creating a view costs as much
 * as reading a short text.
 */
export function asBuffer (bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
