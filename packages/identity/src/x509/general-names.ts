import { decodeObjectIdentifier } from '../der/object-identifier.ts'
import { TAG } from '../der/primitives.ts'
import { DerReader, checkWellFormed, enterOnly } from '../der/reader.ts'
import type { DerElement } from '../der/reader.ts'
import { decodeText, isAscii, latin1 } from '../der/text.ts'
import type { TextEncoding } from '../der/text.ts'
import { DerInvalidError, malformed } from '../errors.ts'
import { decodeAttributeValue, readName } from '../name/decode.ts'
import type { DistinguishedName } from '../name/distinguished-name.ts'
import { renderIpAddress } from './ip-address.ts'

/** One alternative name, with its kind (RFC 5280 section 4.2.1.6). */
export type GeneralName =
  | { readonly kind: 'dns' | 'uri' | 'email' | 'ip' | 'registeredId', readonly value: string }
  | { readonly kind: 'directoryName', readonly value: DistinguishedName }
  | { readonly kind: 'otherName', readonly value: OtherName }
  | { readonly kind: 'x400Address' | 'ediPartyName', readonly value: undefined }

/** An otherName. */
export interface OtherName {
  /** OID of its type, for example 1.3.6.1.4.1.311.20.2.3 for a Windows user principal name. */
  readonly type: string
  /**
   * The text, if the value is a UTF8String or IA5String (user principal name, SmtpUTF8Mailbox, SRVName); otherwise
   * `undefined`.
   */
  readonly value: string | undefined
  /** The encoded value, a fresh copy each time. Not enumerable. */
  readonly raw: Uint8Array
}

/**
 * Reads the names of a GeneralNames that fills `[start, end)`, in encoded order: the content of subjectAltName and
 * issuerAltName, and of distribution points.
 *
 * @throws DerInvalidError
 * @example
 * ```ts
 * const extension = readCertificate(issued.der).extensions.get(EXTENSION.subjectAltName)
 * if (extension !== undefined) console.log(readGeneralNames(extension.value).length) // 2: localhost and 127.0.0.1
 * ```
 */
export function readGeneralNames (bytes: Uint8Array, start = 0, end: number = bytes.length): GeneralName[] {
  const reader = enterOnly(bytes, start, end)
  if (reader.done) malformed('extension_invalid', start, 'no names')
  // Convert the whole list at once: a hundred short conversions cost more than everything else.
  const text = latin1(bytes, start, end)
  const names: GeneralName[] = []
  while (!reader.done) {
    const element = reader.next()
    const kind = PLAIN[element.tag]
    names.push(
      kind === undefined ? readGeneralName(bytes, element) : { kind, value: readPlainText(bytes, element, text, start) }
    )
  }
  return names
}

const PLAIN: Readonly<Record<number, 'email' | 'dns' | 'uri'>> = Object.freeze({
  0x81: 'email',
  0x82: 'dns',
  0x86: 'uri'
})
const DIRECTORY_STRINGS: readonly TextEncoding[] = ['utf8', 'printable', 't61', 'bmp', 'universal']

/**
 * Reads one GeneralName. @throws DerInvalidError
 *
 * @example
 * ```ts
 * const bytes = Buffer.from('82096c6f63616c686f7374', 'hex')
 * console.log(readGeneralName(bytes, readElement(bytes, 0))) // { kind: 'dns', value: 'localhost' }
 * ```
 */
export function readGeneralName (bytes: Uint8Array, element: DerElement): GeneralName {
  const { tag, contentStart, end } = element
  switch (tag) {
    case 0x81:
    case 0x82:
    case 0x86:
      return {
        kind: PLAIN[tag] as 'dns',
        value: readPlainText(bytes, element, latin1(bytes, contentStart, end), contentStart)
      }
    case 0x87:
      return { kind: 'ip', value: renderIpAddress(bytes, contentStart, end) }
    case 0xa4:
      return { kind: 'directoryName', value: readName(bytes, contentStart, end) }
    case 0xa0:
      return { kind: 'otherName', value: readOtherName(bytes, contentStart, end) }
    case 0x88:
      return { kind: 'registeredId', value: decodeObjectIdentifier(bytes, contentStart, end) }
    case 0xa3:
      checkWellFormed(bytes, contentStart, end)
      return { kind: 'x400Address', value: undefined }
    case 0xa5:
      checkEdiPartyName(bytes, contentStart, end)
      return { kind: 'ediPartyName', value: undefined }
    default: return malformed('general_name_invalid', element.start, `unknown kind of name, tag 0x${tag.toString(16)}`)
  }
}

/**
 * dNSName, URI and rfc822Name are IA5String. Control characters, NUL above all, are not valid in them and have
 * truncated names elsewhere (CVE-2009-2408, Envoy CVE-2026-47778). An empty name could only match by mistake. `text`
 * has the bytes from `textStart` on, one character per byte.
 */
function readPlainText (bytes: Uint8Array, { contentStart, end }: DerElement, text: string, textStart: number): string {
  const odd = findOddOctet(bytes, { contentStart, end })
  if (odd === end) malformed('general_name_invalid', contentStart, 'empty name')
  if (odd !== undefined) {
    malformed('general_name_invalid', odd, `octet 0x${(bytes[odd] as number).toString(16).padStart(2, '0')}`)
  }
  return text.slice(contentStart - textStart, end - textStart)
}

/** Position of the first octet that is not printable ASCII, or the end of an empty text; undefined if there is none. */
function findOddOctet (
  bytes: Uint8Array, { contentStart, end }: Pick<DerElement, 'contentStart' | 'end'>
): number | undefined {
  if (contentStart === end) return end
  for (let i = contentStart; i < end; i++) {
    const octet = bytes[i] as number
    if (octet < 0x20 || octet >= 0x7f) return i
  }
  return undefined
}

/**
 * `[0] nameAssigner OPTIONAL, [1] partyName`, each a DirectoryString. A confusion of types crashed OpenSSL here
 * (CVE-2020-1971).
 */
function checkEdiPartyName (bytes: Uint8Array, start: number, end: number): void {
  const reader = new DerReader(bytes, start, end)
  const assigner = reader.optional(0xa0)
  if (assigner !== undefined) checkDirectoryString(bytes, assigner)
  checkDirectoryString(bytes, reader.expect(0xa1))
  reader.finish()
}

function checkDirectoryString (bytes: Uint8Array, { contentStart, end }: DerElement): void {
  const { encoding } = decodeAttributeValue(bytes, contentStart, end)
  if (!DIRECTORY_STRINGS.includes(encoding)) {
    malformed('general_name_invalid', contentStart, 'expected a DirectoryString')
  }
}

function readOtherName (bytes: Uint8Array, start: number, end: number): OtherName {
  const reader = new DerReader(bytes, start, end)
  const oid = reader.expect(TAG.objectIdentifier)
  const explicit = reader.enter(0xa0)
  reader.finish()
  const value = explicit.next()
  explicit.finish()
  checkWellFormed(bytes, value.start, value.end)
  const type = decodeObjectIdentifier(bytes, oid.contentStart, oid.end)
  const isText = value.tag === TAG.utf8String || value.tag === TAG.ia5String
  // UTF-8 in an IA5String is accepted in a distinguished name. In alternative names, readers interpret it differently.
  if (value.tag === TAG.ia5String && !isAscii(bytes, value.contentStart, value.end)) {
    malformed('general_name_invalid', value.contentStart, 'IA5String beyond ASCII')
  }
  return createOtherName(
    type,
    isText ? decodeText(bytes, value.tag, value.contentStart, value.end) : undefined,
    new Uint8Array(bytes.subarray(value.start, value.end))
  )
}

/** A class, because a getter of its own for each name would take three times the memory and four times the time. */
class FrozenOtherName implements OtherName {
  readonly type: string
  readonly value: string | undefined
  readonly #encoded: Uint8Array

  constructor (type: string, value: string | undefined, encoded: Uint8Array) {
    this.type = type
    this.value = value
    this.#encoded = encoded
    Object.freeze(this)
  }

  get raw (): Uint8Array { return new Uint8Array(this.#encoded) }
}

/** Creates a frozen otherName that returns copies of `encoded`. */
export function createOtherName (type: string, value: string | undefined, encoded: Uint8Array): OtherName {
  return new FrozenOtherName(type, value, encoded)
}

/** The kinds of names that a tolerated flaw can make unreadable. */
type FlawedKind = 'dns' | 'uri' | 'email' | 'ip' | 'otherName'

/** Alternative names of which some cannot be read. */
interface FlawedNames {
  readonly names: readonly GeneralName[]
  /** The kinds of the names that cannot be read. */
  readonly unknown: readonly FlawedKind[]
}

const IP = 0x87
const OTHER_NAME = 0xa0

/**
 * Reads a GeneralNames like `readGeneralNames`, but leaves out the names that OpenSSL accepts and that cannot be read.
 * An empty list is accepted. The structure must be DER all the same. It takes one pass.
 *
 * @throws DerInvalidError
 */
export function readFlawedNames (bytes: Uint8Array, start: number, end: number): FlawedNames {
  const reader = enterOnly(bytes, start, end)
  const names: GeneralName[] = []
  const unknown = new Set<FlawedKind>()
  while (!reader.done) {
    const element = reader.next()
    const { tag, contentStart, end: contentEnd } = element
    const text = PLAIN[tag]
    if (text !== undefined && findOddOctet(bytes, element) !== undefined) unknown.add(text)
    else if (tag === IP && contentEnd - contentStart !== 4 && contentEnd - contentStart !== 16) unknown.add('ip')
    else if (tag === OTHER_NAME) readOther(() => names.push(readGeneralName(bytes, element)), unknown)
    else names.push(readGeneralName(bytes, element))
  }
  return { names, unknown: [...unknown] }
}

/** Only the text of an otherName may be wrong. Its structure and its type are read before. */
function readOther (read: () => void, unknown: Set<FlawedKind>): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof DerInvalidError)) throw error
    if (error.reason !== 'general_name_invalid' && error.reason !== 'string_invalid') throw error
    unknown.add('otherName')
  }
}
