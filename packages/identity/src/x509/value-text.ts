import { TAG } from '../der/primitives.ts'
import type { DerReader } from '../der/reader.ts'
import { decodeText, isAscii, textEncodingOf } from '../der/text.ts'
import { malformed } from '../errors.ts'

/** Maximum length of a text in an extension. Profiles allow 256 characters at most. */
const MAX_LENGTH = 1_024

/**
 * Reads the next element, a text of any string type. Profiles name one type, and CAs use others. It must not be empty.
 *
 * @throws DerInvalidError
 */
export function readValueText (reader: DerReader): string {
  const { tag, start, contentStart, end } = reader.next()
  if (textEncodingOf(tag) === undefined) malformed('tag_unexpected', start, 'expected a string')
  if (end === contentStart) malformed('string_invalid', start, 'empty')
  const text = decodeValueText(reader.bytes, tag, contentStart, end)
  if (text.length > MAX_LENGTH) malformed('too_large', start, `more than ${MAX_LENGTH} characters`)
  return text
}

/**
 * Decodes a text that is not part of a name. Bytes beyond ASCII are refused in the types that do not have them: what
 * others read there differs, and access must not depend on it.
 *
 * @throws DerInvalidError
 */
export function decodeValueText (bytes: Uint8Array, tag: number, start: number, end: number): string {
  const isWide = tag === TAG.bmpString || tag === TAG.universalString
  if (!isWide && tag !== TAG.utf8String && tag !== TAG.t61String && !isAscii(bytes, start, end)) {
    malformed('string_invalid', start, 'not ASCII')
  }
  return decodeText(bytes, tag, start, end)
}
