import { readElement } from '../der/element.ts'
import type { DerElement } from '../der/element.ts'
import { toHex } from '../der/primitives.ts'
import { checkWellFormed } from '../der/reader.ts'
import { TAG } from '../der/tags.ts'
import { decodeText, textEncodingOf } from '../der/text.ts'
import type { TextEncoding } from '../der/text.ts'
import { malformed } from '../reasons.ts'

/**
 * The value of a name's attribute. A value that is not a string is `#` and the hex of the whole element (RFC 4514
 * section 2.4), with the encoding `other`.
 */
export interface AttributeValue {
  readonly value: string
  readonly encoding: TextEncoding
}

/**
 * Decodes the value of an attribute in a certificate, the one element that fills `[start, end)`: a string, a BIT
 * STRING (x500UniqueIdentifier) or a SEQUENCE (postalAddress). No attribute of a certificate's name needs another
 * type. OpenSSL refuses most others too, including VisibleString.
 *
 * @throws MTLS_ERR_DER_INVALID
 */
export function decodeAttributeValue (bytes: Uint8Array, start: number, end: number): AttributeValue {
  const element = readOnly(bytes, start, end)
  const { tag } = element
  if (
    tag === TAG.visibleString ||
    (textEncodingOf(tag) === undefined && tag !== TAG.bitString && tag !== TAG.sequence)
  ) {
    malformed('name_invalid', start, 'attribute value is not a string')
  }
  return decodeElement(bytes, element)
}

/** Like `decodeAttributeValue`, for any type, as RFC 4514 allows in text. @throws MTLS_ERR_DER_INVALID */
export function decodeAnyValue (bytes: Uint8Array): AttributeValue {
  return decodeElement(bytes, readOnly(bytes, 0, bytes.length))
}

function readOnly (bytes: Uint8Array, start: number, end: number): DerElement {
  const element = readElement(bytes, start, end)
  if (element.end !== end) malformed('trailing_data', element.end)
  return element
}

function decodeElement (bytes: Uint8Array, { tag, start, contentStart, end }: DerElement): AttributeValue {
  const encoding = textEncodingOf(tag)
  if (encoding !== undefined) return { value: decodeText(bytes, tag, contentStart, end), encoding }
  checkWellFormed(bytes, start, end)
  return { value: `#${toHex(bytes, start, end)}`, encoding: 'other' }
}
