import { attributeTypeNames, isObjectIdentifier, resolveAttributeType } from '@peerkit/identity'
import { TAG } from '@peerkit/identity/der'
import { DevCaOptionError } from '../errors.ts'
import type { IssueOptions, NameAttributeOption, NameOption, StringEncoding } from '../options.ts'
import { encodeElement, encodeObjectIdentifier, encodeSequence } from './der.ts'
import { readText } from './names.ts'

/** The encodings of values. */
export const ENCODERS: Readonly<Record<StringEncoding, (text: string) => Uint8Array>> = {
  utf8: (text) => encodeElement(TAG.utf8String, Buffer.from(text)),
  printable: (text) => encodeElement(TAG.printableString, Buffer.from(text)),
  ia5: (text) => encodeElement(TAG.ia5String, Buffer.from(text, 'latin1')),
  bmp: (text) => encodeElement(TAG.bmpString, Buffer.from(text, 'utf16le').swap16()),
  t61: (text) => encodeElement(TAG.t61String, Buffer.from(text, 'latin1')),
  universal: (text) => encodeElement(TAG.universalString, Buffer.concat([...text].map((character) => {
    const octets = Buffer.alloc(4)
    octets.writeUInt32BE(character.codePointAt(0) ?? 0)
    return octets
  })))
}

/** Encodes a distinguished name (RFC 5280 section 4.1.2.4). Any characters are allowed. */
export function encodeName (name: NameOption): Uint8Array {
  return encodeSequence(
    ...name.map((rdn) => encodeElement(TAG.set, ...sortSet((Array.isArray(rdn) ? rdn : [rdn]).map(encodeAttribute))))
  )
}

function encodeAttribute ({ type, value, encoding = 'utf8' }: NameAttributeOption): Uint8Array {
  return encodeSequence(encodeObjectIdentifier(typeOf(type)), ENCODERS[encoding](value))
}

/** The OID of an attribute type, which is given as a descriptor or as an OID. */
function typeOf (type: string): string {
  const names = attributeTypeNames()
  const oid = names.includes(type) ? resolveAttributeType(type) ?? type : type
  if (isObjectIdentifier(oid)) return oid
  throw new DevCaOptionError(`attribute type is "${type}"; expected a dotted OID or one of ${names.join(', ')}`)
}

/** DER requires the elements of a SET OF in ascending order (X.690 section 11.6). */
function sortSet (elements: readonly Uint8Array[]): Uint8Array[] {
  return [...elements].sort(Buffer.compare)
}

/** The subject of a leaf: O and OU first, CN last. */
export function subjectOf (options: IssueOptions): NameOption {
  if (options.subject !== undefined) return options.subject
  return (['o', 'ou', 'cn'] as const).flatMap((option) => listOf(options[option]).map((text) => {
    const value = options.checkNames === false ? text : readText(text, option)
    return { type: option.toUpperCase(), value }
  }))
}

export function listOf<T extends string> (value: T | readonly T[] | undefined): readonly T[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value
}
