import type { DistinguishedName, NameAttribute } from '@peerkit/identity'

/** How OpenSSL lays out a name in text. */
export interface NameLayout {
  readonly betweenRdns: string
  readonly betweenAttributes: string
  /** The most specific first, attributes of one RDN too. */
  readonly reversed: boolean
  /** Control characters as `\XX`. */
  readonly escapeControls: boolean
  /** Values of types OpenSSL has no name for, and values that are no string, as `#` and hex. */
  readonly dumpUnknown: boolean
}

/** X509Certificate's `subject` and `issuer`. */
export const SUBJECT_LAYOUT: NameLayout = {
  betweenRdns: '\n', betweenAttributes: ' + ', reversed: false, escapeControls: true, dumpUnknown: false
}
/** A directory name in `subjectAltName`. */
export const DIRECTORY_NAME_LAYOUT: NameLayout = {
  betweenRdns: ',', betweenAttributes: '+', reversed: true, escapeControls: false, dumpUnknown: true
}

/** OpenSSL's short names by OID, as far as they have been met. A name that stands for two OIDs is a disagreement. */
const oidByToken = new Map<string, string>([
  ['CN', '2.5.4.3'], ['O', '2.5.4.10'], ['OU', '2.5.4.11'], ['C', '2.5.4.6'], ['ST', '2.5.4.8'], ['L', '2.5.4.7'],
  ['emailAddress', '1.2.840.113549.1.9.1'], ['UID', '0.9.2342.19200300.100.1.1'], ['DC', '0.9.2342.19200300.100.1.25'],
  ['serialNumber', '2.5.4.5']
])

/**
 * Whether `text` is OpenSSL's rendering of `name`. The text is walked along with our attributes, and each value is
 * rendered as OpenSSL would and compared in place, so nothing is ever guessed from the text.
 */
export function isRenderingOf (text: string, name: DistinguishedName, layout: NameLayout): boolean {
  const rdns = layout.reversed ? name.rdns.map((rdn) => rdn.toReversed()).reverse() : name.rdns
  let at = 0
  for (const [i, rdn] of rdns.entries()) {
    for (const [j, attribute] of rdn.entries()) {
      const separator = j > 0 ? layout.betweenAttributes : i > 0 ? layout.betweenRdns : ''
      const equals = text.indexOf('=', at)
      if (equals === -1 || !text.startsWith(separator, at)) return false
      const token = text.slice(at + separator.length, equals)
      if (!isTokenOf(token, attribute.type)) return false
      const rendered = renderValue(attribute, token, layout)
      if (!text.startsWith(rendered, equals + 1)) return false
      at = equals + 1 + rendered.length
    }
  }
  return at === text.length
}

function isTokenOf (token: string, oid: string): boolean {
  // OpenSSL cuts the text of an OID after 79 characters.
  if (/^\d/.test(token)) return token === oid || (token.length === 79 && oid.startsWith(token))
  const known = oidByToken.get(token)
  if (known === undefined) oidByToken.set(token, oid)
  return known === undefined || known === oid
}

function renderValue (attribute: NameAttribute, token: string, layout: NameLayout): string {
  const dumped = layout.dumpUnknown && (/^\d/.test(token) || attribute.encoding === 'other')
  if (dumped) return `#${encodingOf(attribute).toString('hex').toUpperCase()}`
  return escapeText(textSeenByOpenssl(attribute), layout.escapeControls)
}

const TAGS = {
  utf8: 0x0c, numeric: 0x12, printable: 0x13, t61: 0x14, ia5: 0x16, visible: 0x1a, universal: 0x1c, bmp: 0x1e
} as const

/** The DER the value was encoded with: what we decoded, encoded again. */
function encodingOf ({ value, encoding }: NameAttribute): Buffer {
  if (encoding === 'other') return Buffer.from(value.slice(1), 'hex')
  const content = encoding === 'bmp' || encoding === 'universal'
    ? encodeWide(value, encoding === 'bmp' ? 2 : 4)
    : Buffer.from(value, encoding === 't61' ? 'latin1' : 'utf8')
  const length = content.length < 0x80
    ? [content.length]
    : content.length < 0x100 ? [0x81, content.length] : [0x82, content.length >> 8, content.length & 0xff]
  return Buffer.concat([Buffer.from([TAGS[encoding], ...length]), content])
}

function encodeWide (text: string, width: 2 | 4): Buffer {
  return Buffer.concat(Array.from(text, (character) => {
    const unit = Buffer.alloc(width)
    unit.writeUIntBE(character.codePointAt(0) as number, 0, width)
    return unit
  }))
}

/**
 * OpenSSL takes one octet for one character in every type but UTF8String, BMPString and UniversalString; a BIT STRING's
 * without its first octet.
 */
function textSeenByOpenssl (attribute: NameAttribute): string {
  const { value, encoding } = attribute
  if (encoding === 'printable' || encoding === 'ia5' || encoding === 'numeric' || encoding === 'visible') {
    return Buffer.from(value, 'utf8').toString('latin1')
  }
  if (encoding !== 'other') return value
  const element = Buffer.from(value.slice(1), 'hex')
  if (element[0] !== 0x03) return element.toString('latin1')
  const header = (element[1] as number) < 0x80 ? 2 : 2 + ((element[1] as number) & 0x7f)
  return element.subarray(header + 1).toString('latin1')
}

function escapeText (text: string, escapeControls: boolean): string {
  const characters = Array.from(text)
  const last = characters.length - 1
  return characters.map((character, index) => {
    if (',+"\\<>;'.includes(character)) return `\\${character}`
    if (character === ' ' && (index === 0 || index === last)) return '\\ '
    // A lone # counts as the last character only, which OpenSSL leaves as it is.
    if (character === '#' && index === 0 && last > 0) return '\\#'
    const code = character.charCodeAt(0)
    if (escapeControls && (code < 0x20 || code === 0x7f)) return `\\${code.toString(16).toUpperCase().padStart(2, '0')}`
    return character
  }).join('')
}
