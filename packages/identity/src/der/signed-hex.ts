import { checkInteger, toHex } from './primitives.ts'

/**
 * Decodes an INTEGER to lower-case hex with an even number of digits, without the sign byte (0 is `00`). A negative one
 * is `-` and its amount, as OpenSSL and Node show it: -1, encoded as `ff`, is `-01`. So no two integers have the same
 * text, although 255 has the octet `ff` too.
 *
 * @throws MTLS_ERR_DER_INVALID
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
