import { malformed } from '../reasons.ts'
import { asBuffer } from './buffer.ts'
import { TAG } from './tags.ts'

/**
 * The ASN.1 string type of a text. `other` is not a string type: the value is `#` and the hex of the whole element
 * (RFC 4514 section 2.4).
 */
export type TextEncoding = 'utf8' | 'printable' | 'ia5' | 'bmp' | 't61' | 'numeric' | 'visible' | 'universal' | 'other'

const ENCODINGS: Readonly<Record<number, TextEncoding>> = Object.freeze({
  [TAG.utf8String]: 'utf8',
  [TAG.printableString]: 'printable',
  [TAG.ia5String]: 'ia5',
  [TAG.bmpString]: 'bmp',
  [TAG.t61String]: 't61',
  [TAG.numericString]: 'numeric',
  [TAG.visibleString]: 'visible',
  [TAG.universalString]: 'universal',
})

// Keep a byte order mark as a character. `fatal` prevents different bytes from becoming the same text.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The string type of a tag; `undefined` if it is not a supported string type.
 *
 * @example
 * ```ts
 * console.log(textEncodingOf(TAG.printableString), textEncodingOf(TAG.integer)) // printable undefined
 * ```
 */
export function textEncodingOf (tag: number): TextEncoding | undefined {
  return ENCODINGS[tag]
}

/**
 * Decodes a string type's content. It never truncates: NUL and other control characters are kept.
 *
 * Within one type, different bytes always give different texts. Bytes that cannot be decoded are refused, not
 * replaced. T61String is decoded as ISO 8859-1, as in OpenSSL. Real certificates have UTF-8 in PrintableString and
 * IA5String, so those are decoded as UTF-8 and not limited to their alphabets.
 *
 * @throws MTLS_ERR_DER_INVALID with `string_invalid`
 * @example
 * ```ts
 * const content = Buffer.from('alice')
 * console.log(decodeText(content, TAG.utf8String, 0, content.length)) // alice
 * ```
 */
export function decodeText (bytes: Uint8Array, tag: number, start: number, end: number): string {
  if (tag === TAG.bmpString) return decodeWide(bytes, start, end, 2)
  if (tag === TAG.universalString) return decodeWide(bytes, start, end, 4)
  if (textEncodingOf(tag) === undefined) malformed('tag_unexpected', start, 'expected a string')
  if (tag === TAG.t61String || isAscii(bytes, start, end)) return latin1(bytes, start, end)
  try {
    return utf8.decode(bytes.subarray(start, end))
  } catch {
    return malformed('string_invalid', start, 'not UTF-8')
  }
}

/** Whether `[start, end)` has only ASCII. */
export function isAscii (bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if ((bytes[i] as number) >= 0x80) return false
  return true
}

/** Decodes `[start, end)` with one character per byte. */
export function latin1 (bytes: Uint8Array, start: number, end: number): string {
  return asBuffer(bytes).toString('latin1', start, end)
}

function decodeWide (bytes: Uint8Array, start: number, end: number, width: 2 | 4): string {
  if ((end - start) % width !== 0) malformed('string_invalid', start)
  let text = ''
  for (let i = start; i < end; i += width) {
    let point = 0
    for (let j = 0; j < width; j++) point = point * 256 + (bytes[i + j] as number)
    // Neither type has surrogates (X.680 section 41): a pair would be a second encoding of one character.
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) malformed('string_invalid', i)
    text += String.fromCodePoint(point)
  }
  return text
}
