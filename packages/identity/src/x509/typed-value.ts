import { decodeObjectIdentifier } from '../der/object-identifier.ts'
import { TAG, checkInteger, decodeBitString, decodeBoolean, decodeSignedHex, toHex } from '../der/primitives.ts'
import { checkWellFormed, readElement } from '../der/reader.ts'
import type { DerElement } from '../der/reader.ts'
import { decodeTime, textEncodingOf } from '../der/text.ts'
import { DerInvalidError, malformed } from '../errors.ts'
import { decodeValueText } from './value-text.ts'

/**
 * One ASN.1 value of a type that rules can match. `other` is every other type, such as a SEQUENCE, and a number or a
 * list of bits that is longer than rules can have.
 */
export type TypedValue =
  | { readonly type: 'text', readonly value: string }
  | { readonly type: 'boolean', readonly value: boolean }
  /** INTEGER or ENUMERATED, in decimal digits. */
  | { readonly type: 'integer', readonly value: string }
  | { readonly type: 'oid', readonly value: string }
  /** OCTET STRING, in lower-case hex. */
  | { readonly type: 'octets', readonly value: string }
  /** BIT STRING, as `0` and `1`. */
  | { readonly type: 'bits', readonly value: string }
  /** UTCTime or GeneralizedTime, in milliseconds since the epoch. */
  | { readonly type: 'time', readonly value: number }
  | { readonly type: 'null' | 'other', readonly value: undefined }

/** Maximum length of an INTEGER with digits, in bytes. To convert a long one takes more than linear time. */
export const MAX_INTEGER_OCTETS = 128
/** Maximum length of a BIT STRING that is shown, in bits. */
export const MAX_BITS = 1_024

/**
 * The typed value of the one DER element that fills `bytes`; undefined if it is not DER, or not a valid value.
 *
 * @example
 * ```ts
 * console.log(readTypedValue(Uint8Array.of(1, 1, 255))) // { type: 'boolean', value: true }
 * ```
 */
export function readTypedValue (bytes: Uint8Array): TypedValue | undefined {
  try {
    const element = readElement(bytes, 0)
    if (element.end !== bytes.length) malformed('trailing_data', element.end)
    return Object.freeze(decodeTyped(bytes, element))
  } catch (error) {
    if (error instanceof DerInvalidError) return undefined
    throw error
  }
}

function decodeTyped (bytes: Uint8Array, { tag, contentStart, end }: DerElement): TypedValue {
  if (textEncodingOf(tag) !== undefined) return { type: 'text', value: decodeValueText(bytes, tag, contentStart, end) }
  switch (tag) {
    case TAG.boolean: return { type: 'boolean', value: decodeBoolean(bytes, contentStart, end) }
    case TAG.integer: case TAG.enumerated: {
      checkInteger(bytes, contentStart, end)
      if (end - contentStart > MAX_INTEGER_OCTETS) return OTHER
      return { type: 'integer', value: toDecimal(decodeSignedHex(bytes, contentStart, end)) }
    }
    case TAG.objectIdentifier: return { type: 'oid', value: decodeObjectIdentifier(bytes, contentStart, end) }
    case TAG.octetString: return { type: 'octets', value: toHex(bytes, contentStart, end) }
    case TAG.bitString: {
      const { start, unused } = decodeBitString(bytes, contentStart, end)
      const count = (end - start) * 8 - unused
      return count > MAX_BITS ? OTHER : { type: 'bits', value: readBits(bytes, start, count) }
    }
    case TAG.utcTime: case TAG.generalizedTime:
      return { type: 'time', value: decodeTime(bytes, tag, contentStart, end) }
    default:
      checkWellFormed(bytes, 0, bytes.length)
      return tag === TAG.null ? { type: 'null', value: undefined } : OTHER
  }
}

const OTHER: TypedValue = { type: 'other', value: undefined }

function toDecimal (hex: string): string {
  return String(hex.startsWith('-') ? -BigInt(`0x${hex.slice(1)}`) : BigInt(`0x${hex}`))
}

function readBits (bytes: Uint8Array, start: number, count: number): string {
  let bits = ''
  for (let i = 0; i < count; i++) bits += ((bytes[start + (i >> 3)] as number) >> (7 - (i & 7))) & 1
  return bits
}
