import type { DistinguishedName } from './distinguished-name.ts'
import type { NameAttribute } from './name-attribute.ts'

/**
 * Whether two names are equal: they have the same number of RDNs in the same order, each with the same attributes in
 * any order. Attributes are equal if their types and texts are the same, character for character.
 *
 * RFC 5280 section 7.1 would also ignore case and runs of spaces, and normalize Unicode. This is left out on
 * purpose: two names that a CA distinguishes must never be equal here. Only the string type is ignored: `acme` as
 * PrintableString and as UTF8String are equal. Values that are not text are compared by their encoding and never
 * equal a text.
 * @example
 * ```ts
 * const name = parseDistinguishedName('CN=alice,O=Example')
 * console.log(equalDistinguishedNames(name, parseDistinguishedName('CN=alice, O=Example'))) // true
 * console.log(equalDistinguishedNames(name, parseDistinguishedName('CN=Alice,O=Example'))) // false
 * ```
 */
export function equalDistinguishedNames (a: DistinguishedName, b: DistinguishedName): boolean {
  return (
    a === b ||
    (a.rdns.length === b.rdns.length &&
      a.rdns.every((rdn, index) => equalRdns(rdn, b.rdns[index] as readonly NameAttribute[])))
  )
}

/**
 * Whether two attributes have the same type and the same value, in the sense of `equalDistinguishedNames`.
 *
 * @example
 * ```ts
 * const wanted = { type: '2.5.4.3', value: 'alice', encoding: 'utf8' } as const
 * console.log(peer.subject?.rdns.flat().some((attribute) => equalNameAttributes(attribute, wanted))) // true
 * ```
 */
export function equalNameAttributes (a: NameAttribute, b: NameAttribute): boolean {
  return a.type === b.type && a.value === b.value && (a.encoding === 'other') === (b.encoding === 'other')
}

function equalRdns (a: readonly NameAttribute[], b: readonly NameAttribute[]): boolean {
  if (a.length !== b.length) return false
  if (a.length === 1) return equalNameAttributes(a[0] as NameAttribute, b[0] as NameAttribute)
  // An RDN is a set. With sorted keys, a hostile RDN of thousands of attributes does not need a comparison per pair.
  const keys = a.map(keyOf).sort()
  const others = b.map(keyOf).sort()
  return keys.every((key, index) => key === others[index])
}

function keyOf (attribute: NameAttribute): string {
  return `${attribute.type}${attribute.encoding === 'other' ? '#' : '='}${attribute.value}`
}
