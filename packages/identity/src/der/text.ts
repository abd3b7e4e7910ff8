import { malformed } from '../errors.ts'
import { TAG, asBuffer } from './primitives.ts'

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
 * @throws DerInvalidError with `string_invalid`
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

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/**
 * Decodes a UTCTime or GeneralizedTime to milliseconds since the epoch, in the forms of RFC 5280 section 4.1.2.5:
 * `YYMMDDHHMMSSZ` (years 1950 to 2049) and `YYYYMMDDHHMMSSZ`, with seconds, without fraction and offset. Both types
 * are accepted for any year, as that section requires of readers.
 *
 * @throws DerInvalidError
 * @example
 * ```ts
 * const content = Buffer.from('270315000000Z')
 * console.log(new Date(decodeTime(content, TAG.utcTime, 0, content.length))) // 2027-03-15T00:00:00.000Z
 * ```
 */
export function decodeTime (bytes: Uint8Array, tag: number, start: number, end: number): number {
  const yearDigits = tag === TAG.utcTime ? 2 : 4
  if (tag !== TAG.utcTime && tag !== TAG.generalizedTime) malformed('tag_unexpected', start, 'expected a time')
  if (end - start !== yearDigits + 11 || bytes[end - 1] !== 0x5a) malformed('time_invalid', start)
  const rest = start + yearDigits
  let year = twoDigits(bytes, start)
  if (yearDigits === 4) year = year * 100 + twoDigits(bytes, start + 2)
  else year += year < 50 ? 2000 : 1900
  const month = twoDigits(bytes, rest)
  const day = twoDigits(bytes, rest + 2)
  const hour = twoDigits(bytes, rest + 4)
  const minute = twoDigits(bytes, rest + 6)
  const second = twoDigits(bytes, rest + 8)
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month) || hour > 23 || minute > 59 || second > 59) {
    malformed('time_invalid', start)
  }
  return daysSinceEpoch(year, month, day) * 86_400_000 + ((hour * 60 + minute) * 60 + second) * 1000
}

function twoDigits (bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - 0x30
  const ones = (bytes[at + 1] as number) - 0x30
  if (tens < 0 || tens > 9 || ones < 0 || ones > 9) malformed('time_invalid', at)
  return tens * 10 + ones
}

function daysOf (year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  return month === 2 && leap ? 29 : MONTH_DAYS[month - 1] as number
}

/**
 * Days since 1970-01-01 in the proleptic Gregorian calendar. `Date.UTC` would read the years 0 to 99 as 1900 to
 * 1999.
 */
function daysSinceEpoch (year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}
