import { encodeTextHex } from './encode-text.ts'
import type { NameAttribute } from './name-attribute.ts'
import { describeAttributeType } from './attribute-types.ts'

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
