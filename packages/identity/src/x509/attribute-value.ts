import { readElement } from '../der/element.ts'
import { decodeBitString, toHex } from '../der/primitives.ts'
import { checkWellFormed } from '../der/reader.ts'
import { TAG } from '../der/tags.ts'
import { decodeText, textEncodingOf } from '../der/text.ts'
import type { TextEncoding } from '../der/text.ts'
import { malformed } from '../reasons.ts'

/**
 * The value of a name's attribute, the one element filling `[start, end)`: a string as its text, a BIT STRING (x500UniqueIdentifier) or SEQUENCE
 * (postalAddress) as `#` and hex. No attribute of a certificate's name needs another type, and OpenSSL refuses most of them too.
 *
 * @throws MTLS_ERR_DER_INVALID
 */
export function decodeAttributeValue (bytes: Uint8Array, start: number, end: number): { value: string, encoding: TextEncoding } {
  const element = readElement(bytes, start, end)
  if (element.end !== end) malformed('trailing_data', element.end)
  // VisibleString is no DirectoryString, and OpenSSL refuses the certificate.
  const encoding = element.tag === TAG.visibleString ? undefined : textEncodingOf(element.tag)
  if (encoding !== undefined) return { value: decodeText(bytes, element.tag, element.contentStart, end), encoding }
  if (element.tag === TAG.bitString) decodeBitString(bytes, element.contentStart, end)
  else if (element.tag === TAG.sequence) checkWellFormed(bytes, start, end)
  else malformed('name_invalid', start, 'attribute value is no string')
  return { value: `#${toHex(bytes, start, end)}`, encoding: 'other' }
}
