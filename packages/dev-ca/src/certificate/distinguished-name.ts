import { asn1 } from '../oid.ts'
import { resolveAttributeType } from '../options.ts'
import type { IssueOptions, NameAttributeOption, NameOption, StringEncoding } from '../options.ts'
import { encodeElement, encodeObjectIdentifier, encodeSequence } from './der.ts'
import { readText } from './names.ts'

const ENCODERS: Readonly<Record<StringEncoding, (text: string) => Uint8Array>> = {
  utf8: (text) => encodeElement(asn1.utf8String, Buffer.from(text)),
  printable: (text) => encodeElement(asn1.printableString, Buffer.from(text)),
  ia5: (text) => encodeElement(asn1.ia5String, Buffer.from(text, 'latin1')),
  t61: (text) => encodeElement(asn1.teletexString, Buffer.from(text, 'latin1')),
  bmp: (text) => encodeElement(asn1.bmpString, Buffer.from(text, 'utf16le').swap16()),
  universal: (text) => encodeElement(asn1.universalString, Buffer.concat([...text].map((character) => {
    const octets = Buffer.alloc(4)
    octets.writeUInt32BE(character.codePointAt(0) ?? 0)
    return octets
  })))
}

/** Encodes a distinguished name (RFC 5280 section 4.1.2.4). Any characters are allowed. */
export function encodeName (name: NameOption): Uint8Array {
  return encodeSequence(
    ...name.map((rdn) => encodeElement(asn1.set, ...sortSet((Array.isArray(rdn) ? rdn : [rdn]).map(encodeAttribute))))
  )
}

function encodeAttribute ({ type, value, encoding = 'utf8' }: NameAttributeOption): Uint8Array {
  return encodeSequence(encodeObjectIdentifier(resolveAttributeType(type)), ENCODERS[encoding](value))
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
