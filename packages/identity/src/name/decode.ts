import { decodeObjectIdentifier } from '../der/object-identifier.ts'
import { TAG, toHex } from '../der/primitives.ts'
import { DerReader, checkWellFormed, enterOnly, readElement } from '../der/reader.ts'
import type { DerElement } from '../der/reader.ts'
import { decodeText, textEncodingOf } from '../der/text.ts'
import type { TextEncoding } from '../der/text.ts'
import { malformed } from '../errors.ts'
import { createName } from './distinguished-name.ts'
import type { DistinguishedName, NameAttribute } from './distinguished-name.ts'

/**
 * Reads a Name (RFC 5280 section 4.1.2.4), the one element that fills `[start, end)`. Order and grouping stay as
 * encoded. The attributes of one RDN may have any order, since not all CAs sort them as DER requires, and nothing
 * depends on it.
 *
 * @throws DerInvalidError
 * @example
 * ```ts
 * console.log(String(readName(readCertificate(client.der).subjectRaw))) // CN=alice,OU=billing
 * ```
 */
export function readName (bytes: Uint8Array, start = 0, end: number = bytes.length): DistinguishedName {
  const sequence = enterOnly(bytes, start, end)
  const rdns: (readonly NameAttribute[])[] = []
  while (!sequence.done) {
    const set = sequence.enter(TAG.set)
    if (set.done) malformed('name_invalid', set.offset, 'empty RDN')
    const rdn: NameAttribute[] = []
    while (!set.done) rdn.push(readAttribute(set))
    rdns.push(Object.freeze(rdn))
  }
  return createName(Object.freeze(rdns))
}

function readAttribute (set: DerReader): NameAttribute {
  const pair = set.enter(TAG.sequence)
  const oid = pair.expect(TAG.objectIdentifier)
  const type = decodeObjectIdentifier(set.bytes, oid.contentStart, oid.end)
  const { value, encoding } = decodeAttributeValue(set.bytes, pair.offset, pair.end)
  return Object.freeze({ type, value, encoding })
}

/**
 * The value of a name's attribute. A value that is not a string is `#` and the hex of the whole element (RFC 4514
 * section 2.4), with the encoding `other`.
 */
interface AttributeValue {
  readonly value: string
  readonly encoding: TextEncoding
}

/**
 * Decodes the value of an attribute in a certificate, the one element that fills `[start, end)`: a string, a BIT
 * STRING (x500UniqueIdentifier) or a SEQUENCE (postalAddress). No attribute of a certificate's name needs another
 * type. OpenSSL refuses most others too, including VisibleString.
 *
 * @throws DerInvalidError
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

/** Like `decodeAttributeValue`, for any type, as RFC 4514 allows in text. @throws DerInvalidError */
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
