import type { TextEncoding } from '../der/text.ts'
import { NameInvalidError } from '../errors.ts'
import { describeAttributeType, resolveAttributeType } from './attribute-types.ts'

/** One attribute of a distinguished name. */
export interface NameAttribute {
  /** The attribute type's OID in dotted decimals. */
  readonly type: string
  /** The text, including control characters and NUL. With `encoding: 'other'`: `#` and the hex of the encoded value. */
  readonly value: string
  readonly encoding: TextEncoding
}

/** An X.501 name, frozen. Each getter returns the most specific (last) text of its type, or `undefined`. */
export interface DistinguishedName {
  /** In encoded order, the least specific first. An RDN with several attributes stays one RDN. */
  readonly rdns: readonly (readonly NameAttribute[])[]
  readonly commonName: string | undefined
  readonly organization: string | undefined
  readonly organizationalUnit: string | undefined
  readonly country: string | undefined
  readonly stateOrProvince: string | undefined
  readonly locality: string | undefined
  readonly emailAddress: string | undefined
  readonly serialNumber: string | undefined
  readonly userId: string | undefined
  /**
   * All texts of one type in encoded order, those in multi-valued RDNs included. Values that are not text (`encoding:
   * 'other'`) are left out.
   *
   * @param type `CN`, `commonName`, `2.5.4.3`, …
   * @throws NameInvalidError if the type is neither known nor an OID
   */
  values (type: string): readonly string[]
  /** The name in RFC 4514, the most specific RDN first. `parseDistinguishedName` parses it to an equal name. */
  toString (): string
}

class Name implements DistinguishedName {
  readonly rdns: readonly (readonly NameAttribute[])[]

  constructor (rdns: readonly (readonly NameAttribute[])[]) {
    this.rdns = rdns
    Object.freeze(this)
  }

  get commonName (): string | undefined { return lastText(this.rdns, '2.5.4.3') }
  get organization (): string | undefined { return lastText(this.rdns, '2.5.4.10') }
  get organizationalUnit (): string | undefined { return lastText(this.rdns, '2.5.4.11') }
  get country (): string | undefined { return lastText(this.rdns, '2.5.4.6') }
  get stateOrProvince (): string | undefined { return lastText(this.rdns, '2.5.4.8') }
  get locality (): string | undefined { return lastText(this.rdns, '2.5.4.7') }
  get emailAddress (): string | undefined { return lastText(this.rdns, '1.2.840.113549.1.9.1') }
  get serialNumber (): string | undefined { return lastText(this.rdns, '2.5.4.5') }
  get userId (): string | undefined { return lastText(this.rdns, '0.9.2342.19200300.100.1.1') }

  values (type: string): readonly string[] {
    const oid = resolveAttributeType(type)
    if (oid === undefined) {
      throw new NameInvalidError('attribute_type_unknown', 0, `unknown attribute type ${JSON.stringify(type)}`)
    }
    const found: string[] = []
    for (const rdn of this.rdns) {
      for (const attribute of rdn) {
        if (attribute.type === oid && attribute.encoding !== 'other') found.push(attribute.value)
      }
    }
    return found
  }

  toString (): string {
    return renderName(this.rdns)
  }

  toJSON (): string {
    return renderName(this.rdns)
  }

  [Symbol.for('nodejs.util.inspect.custom')] (): string {
    return `DistinguishedName <${renderName(this.rdns)}>`
  }
}

/** Creates a name of RDNs in encoded order, which must be frozen already. */
export function createName (rdns: readonly (readonly NameAttribute[])[]): DistinguishedName {
  return new Name(rdns)
}

/**
 * Whether this package made `value`.
 *
 * @example
 * ```ts
 * console.log(isDistinguishedName(peer.subject), isDistinguishedName('CN=alice')) // true false
 * ```
 */
export function isDistinguishedName (value: unknown): value is DistinguishedName {
  return value instanceof Name
}

function lastText (rdns: readonly (readonly NameAttribute[])[], oid: string): string | undefined {
  for (let i = rdns.length - 1; i >= 0; i--) {
    const rdn = rdns[i] as readonly NameAttribute[]
    for (let j = rdn.length - 1; j >= 0; j--) {
      const attribute = rdn[j] as NameAttribute
      if (attribute.type === oid && attribute.encoding !== 'other') return attribute.value
    }
  }
  return undefined
}

/** Writes a name in RFC 4514, the most specific RDN first. */
export function renderName (rdns: readonly (readonly NameAttribute[])[]): string {
  const parts: string[] = []
  for (let i = rdns.length - 1; i >= 0; i--) {
    parts.push((rdns[i] as readonly NameAttribute[]).map(renderAttribute).join('+'))
  }
  return parts.join(',')
}

function renderAttribute (attribute: NameAttribute): string {
  const descriptor = describeAttributeType(attribute.type)
  if (attribute.encoding === 'other') return `${descriptor ?? attribute.type}=${attribute.value}`
  // The value of a type without a descriptor is the hex of its encoding (RFC 4514 section 2.4).
  if (descriptor === undefined) return `${attribute.type}=#${encodeTextHex(attribute.value)}`
  return `${descriptor}=${escapeValue(attribute.value)}`
}

const SPECIAL = /["+,;<>\\]/g
// Escape control and format characters such as bidirectional overrides: they could disguise a name in a log or UI.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

function escapeValue (value: string): string {
  const escaped = value.replace(SPECIAL, '\\$&').replace(INVISIBLE, escapeOctets)
  const head = escaped.startsWith(' ') || escaped.startsWith('#') ? `\\${escaped}` : escaped
  return value.length > 1 && value.endsWith(' ') ? `${head.slice(0, -1)}\\ ` : head
}

function escapeOctets (character: string): string {
  let text = ''
  for (const octet of Buffer.from(character, 'utf8')) text += `\\${octet.toString(16).toUpperCase().padStart(2, '0')}`
  return text
}

/** The DER encoding of a text as UTF8String, in lower-case hex. */
function encodeTextHex (text: string): string {
  const content = Buffer.from(text, 'utf8')
  return `0c${encodeLengthHex(content.length)}${content.toString('hex')}`
}

function encodeLengthHex (length: number): string {
  const digits = length.toString(16)
  const octets = digits.length % 2 === 0 ? digits : `0${digits}`
  return length < 0x80 ? octets : `${(0x80 + octets.length / 2).toString(16)}${octets}`
}
