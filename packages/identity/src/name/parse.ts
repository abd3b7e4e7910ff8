import { DerInvalidError, NameInvalidError } from '../errors.ts'
import { resolveAttributeType } from './attribute-types.ts'
import { decodeAnyValue } from './decode.ts'
import { createName } from './distinguished-name.ts'
import type { DistinguishedName, NameAttribute } from './distinguished-name.ts'

/** Maximum length of a text, in characters. No name of a certificate within the limits is longer. */
export const MAX_NAME_LENGTH = 1_048_576

/**
 * Parses a distinguished name in RFC 4514, the most specific RDN first, as `toString` writes it.
 *
 * In addition, as RFC 2253 section 4 requires of readers: spaces around `,`, `+` and `=` are ignored, and types may
 * be written `OID.1.2.3`, in any case. Ambiguous text is refused: unescaped `"`, `;`, `<`, `>`, an unknown type, a
 * missing type or `=`. The empty text is the empty name. Texts get the encoding `utf8`; a `#hex` value keeps its
 * encoding.
 *
 * @throws NameInvalidError with `reason` and `position`
 * @example
 * ```ts
 * const name = parseDistinguishedName('CN=alice,OU=billing,O=Example')
 * console.log(name.commonName, name.values('OU')) // alice [ 'billing' ]
 * ```
 */
export function parseDistinguishedName (text: string): DistinguishedName {
  if (typeof text !== 'string') {
    throw new NameInvalidError('not_a_string', 0, `expected a string, found ${typeof text},`)
  }
  if (text.length > MAX_NAME_LENGTH) throw new NameInvalidError('too_long', MAX_NAME_LENGTH, 'text too long')
  const lone = text.search(/\p{Cs}/u)
  if (lone !== -1) throw new NameInvalidError('text_invalid', lone, 'lone surrogate')
  const rdns: (readonly NameAttribute[])[] = []
  let at = skipSpaces(text, 0)
  if (at < text.length) {
    for (let more = true; more;) {
      const rdn: NameAttribute[] = []
      let separator = '+'
      while (separator === '+') {
        const parsed = parseAttribute(text, at)
        rdn.push(Object.freeze(parsed.attribute))
        separator = text[parsed.end] ?? ''
        at = parsed.end + 1
      }
      rdns.push(Object.freeze(rdn))
      more = separator === ','
    }
  }
  return createName(Object.freeze(rdns.reverse()))
}

interface ParsedAttribute {
  readonly attribute: NameAttribute
  /** Position of the separator after it, or the end of the text. */
  readonly end: number
}

function parseAttribute (text: string, from: number): ParsedAttribute {
  const start = skipSpaces(text, from)
  const equals = text.indexOf('=', start)
  const stop = text.slice(start, equals === -1 ? text.length : equals).search(/[,+]/)
  if (equals === -1 || stop !== -1) throw new NameInvalidError('equals_sign_missing', start, 'expected "type=value"')
  const keyword = text.slice(start, equals).trimEnd()
  if (keyword === '') throw new NameInvalidError('attribute_type_missing', start, 'expected an attribute type')
  const type = resolveAttributeType(keyword)
  if (type === undefined) {
    throw new NameInvalidError(
      'attribute_type_unknown', start, `unknown attribute type ${JSON.stringify(keyword.slice(0, 64))}`
    )
  }
  const valueStart = skipSpaces(text, equals + 1)
  return text[valueStart] === '#' ? parseHexValue(text, valueStart, type) : parseTextValue(text, valueStart, type)
}

function parseHexValue (text: string, start: number, type: string): ParsedAttribute {
  const digits = /[0-9a-fA-F]*/y
  digits.lastIndex = start + 1
  const hex = (digits.exec(text) as RegExpExecArray)[0]
  const end = skipSpaces(text, start + 1 + hex.length)
  if (hex === '' || hex.length % 2 !== 0) {
    throw new NameInvalidError('hex_value_invalid', start, 'expected # and pairs of hex digits')
  }
  if (end < text.length && text[end] !== ',' && text[end] !== '+') {
    throw new NameInvalidError('hex_value_invalid', end, 'unexpected character after a hex value')
  }
  const bytes = Buffer.from(hex, 'hex')
  try {
    const { value, encoding } = decodeAnyValue(bytes)
    return { attribute: { type, value, encoding }, end }
  } catch (error) {
    if (!(error instanceof DerInvalidError)) throw error
    throw new NameInvalidError('hex_value_invalid', start, `the hex value is not one DER element (${error.message})`)
  }
}

const ESCAPABLE = ' "#+,;<=>\\'
const HEX_PAIR = /^[0-9a-fA-F]{2}$/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function parseTextValue (text: string, start: number, type: string): ParsedAttribute {
  let value = ''
  // Length of `value` up to the last character that is not an unescaped space.
  let kept = 0
  let at = start
  while (at < text.length && text[at] !== ',' && text[at] !== '+') {
    const character = text[at] as string
    if ('";<>'.includes(character)) throw new NameInvalidError('character_unescaped', at, `unescaped ${character}`)
    if (character === '\\') {
      const escape = parseEscape(text, at)
      value += escape.value
      at = escape.end
      kept = value.length
    } else {
      value += character
      at++
      if (character !== ' ') kept = value.length
    }
  }
  return { attribute: { type, value: value.slice(0, kept), encoding: 'utf8' }, end: at }
}

/** Reads one escaped character, or a whole run of `\XX`: the bytes of one UTF-8 character are in several pairs. */
function parseEscape (text: string, start: number): { value: string, end: number } {
  const next = text[start + 1]
  if (next !== undefined && ESCAPABLE.includes(next)) return { value: next, end: start + 2 }
  const octets: number[] = []
  let at = start
  while (text[at] === '\\' && HEX_PAIR.test(text.slice(at + 1, at + 3))) {
    octets.push(Number.parseInt(text.slice(at + 1, at + 3), 16))
    at += 3
  }
  if (octets.length === 0) {
    throw new NameInvalidError(
      'escape_invalid', start, 'expected a special character or two hex digits after the backslash'
    )
  }
  try {
    return { value: utf8.decode(Uint8Array.from(octets)), end: at }
  } catch {
    throw new NameInvalidError('text_invalid', start, 'escaped bytes are not UTF-8')
  }
}

function skipSpaces (text: string, from: number): number {
  let at = from
  while (text[at] === ' ') at++
  return at
}
