import type { DistinguishedName } from './distinguished-name.ts'
import type { NameAttribute } from './name-attribute.ts'

/**
 * Whether two names are equal: as many RDNs in the same order, each with the same attributes in any order, each attribute of the same type and
 * the same text, character for character.
 *
 * RFC 5280 7.1 asks for more: case and runs of spaces ignored, Unicode normalised. That is left out on purpose. Two names a CA
 * tells apart must never be one here, and folding is where such mistakes are made. What is ignored is only the string type: `acme` as
 * PrintableString and as UTF8String are equal. Values that are no text are compared by their encoding and never equal a text.
 */
export function equalDistinguishedNames (a: DistinguishedName, b: DistinguishedName): boolean {
  return (
    a === b ||
    (a.rdns.length === b.rdns.length &&
      a.rdns.every((rdn, index) => equalRdns(rdn, b.rdns[index] as readonly NameAttribute[])))
  )
}

/** Whether two attributes have the same type and the same value, as `equalDistinguishedNames` sees it. */
export function equalNameAttributes (a: NameAttribute, b: NameAttribute): boolean {
  return a.type === b.type && a.value === b.value && (a.encoding === 'other') === (b.encoding === 'other')
}

function equalRdns (a: readonly NameAttribute[], b: readonly NameAttribute[]): boolean {
  if (a.length !== b.length) return false
  if (a.length === 1) return equalNameAttributes(a[0] as NameAttribute, b[0] as NameAttribute)
  // An RDN is a set. Sorted keys keep a hostile RDN of thousands of attributes from costing a comparison for every pair.
  const keys = a.map(keyOf).sort()
  const others = b.map(keyOf).sort()
  return keys.every((key, index) => key === others[index])
}

function keyOf (attribute: NameAttribute): string {
  return `${attribute.type}${attribute.encoding === 'other' ? '#' : '='}${attribute.value}`
}
