import { malformed } from '../reasons.ts'
import { asBuffer } from './buffer.ts'
import { TAG } from './tags.ts'

/** The ASN.1 type a text was encoded with. `other` is no string type: its value is `#` and the hex of the whole element (RFC 4514 2.4). */
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

// A byte order mark is a character of the name like any other; `fatal` keeps two byte strings from becoming one text.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The string type behind a tag, or `undefined` for a tag of no string type we read.
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
 * A string type's content as text. Never truncates: NUL and other control characters stay in it.
 *
 * Within one type, different octets always give different texts: what cannot be decoded is refused, not replaced.
 * T61String is read as ISO 8859-1, as OpenSSL does. Real certificates carry UTF-8 in PrintableString and IA5String, so those are
 * read as UTF-8, of which ASCII is a part, and are not held to their alphabets.
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

/** Whether `[start, end)` holds ASCII only. */
export function isAscii (bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if ((bytes[i] as number) >= 0x80) return false
  return true
}

/** `[start, end)` with one character an octet. */
export function latin1 (bytes: Uint8Array, start: number, end: number): string {
  return asBuffer(bytes).toString('latin1', start, end)
}

function decodeWide (bytes: Uint8Array, start: number, end: number, width: 2 | 4): string {
  if ((end - start) % width !== 0) malformed('string_invalid', start)
  let text = ''
  for (let i = start; i < end; i += width) {
    let point = 0
    for (let j = 0; j < width; j++) point = point * 256 + (bytes[i + j] as number)
    // Neither type has surrogates (X.680 41): a pair of them would be a second spelling of one character.
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) malformed('string_invalid', i)
    text += String.fromCodePoint(point)
  }
  return text
}
