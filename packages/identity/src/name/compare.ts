import type { DistinguishedName, NameAttribute } from './distinguished-name.ts'

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
  const keys = a.map(exactKey).sort()
  const others = b.map(exactKey).sort()
  return keys.every((key, index) => key === others[index])
}

function exactKey (attribute: NameAttribute): string {
  return `${attribute.type}${attribute.encoding === 'other' ? '#' : '='}${attribute.value}`
}

/**
 * Maximum length of a text that is normalized by Unicode rules, in UTF-16 units. RFC 5280 appendix A.1 allows 64 in
 * most attributes.
 */
const MAX_NORMALIZED = 1_024
/** Maximum run of combining marks that is normalized: the work is quadratic in it (UAX 15 section 12 calls 30 safe). */
const MARKS = /[\p{M}\uFF9E\uFF9F]{31}/u
const PLAIN = /^[a-z0-9.-]*$/
// eslint-disable-next-line no-control-regex
const ASCII = /^[\x00-\x7f]*$/

/**
 * Converts a name's RDNs to texts that are equal if the RDNs are equal by RFC 5280 section 7.1: string types, case,
 * and runs of spaces are ignored (RFC 4518: NFKC, lower case).
 *
 * Identities are compared character by character with `equalDistinguishedNames`, since two names that a CA
 * distinguishes must never be equal. The foldedKeys only serve to find the issuer of a signature, or the subtree of a
 * name: a CA that encodes its name in two ways must be found. The work is linear in the name's length: a text that
 * would take more is compared unchanged.
 * @example
 * ```ts
 * console.log(rdnKeys(parseDistinguishedName('CN=Example CA'))) // [ '2.5.4.3=example ca' ]
 * ```
 */
export function rdnKeys (name: DistinguishedName): readonly string[] {
  return name.rdns.map((rdn) =>
    rdn.length === 1 ? attributeKey(rdn[0] as NameAttribute) : JSON.stringify(rdn.map(attributeKey).sort())
  )
}

/**
 * Joins `rdnKeys` to one text. Different lists have different texts.
 *
 * @example
 * ```ts
 * const [one, other] = [parseDistinguishedName('CN=Example CA'), parseDistinguishedName('CN=EXAMPLE ca')]
 * console.log(nameKey(rdnKeys(one)) === nameKey(rdnKeys(other))) // true
 * ```
 */
export function nameKey (rdns: readonly string[]): string {
  return JSON.stringify(rdns)
}

const foldedKeys = new WeakMap<DistinguishedName, string>()

/**
 * Whether two names are equal by RFC 5280 section 7.1. Use it to find the issuer of a certificate or a CRL. Do not
 * use it for identities: see `equalDistinguishedNames`.
 * @example
 * ```ts
 * const issuer = parseDistinguishedName('CN=Example CA,O=Example')
 * console.log(matchDistinguishedNames(issuer, parseDistinguishedName('CN=EXAMPLE  ca,O=example'))) // true
 * ```
 */
export function matchDistinguishedNames (one: DistinguishedName, other: DistinguishedName): boolean {
  return one === other || (one.rdns.length === other.rdns.length && foldedKey(one) === foldedKey(other))
}

function foldedKey (name: DistinguishedName): string {
  let key = foldedKeys.get(name)
  if (key === undefined) foldedKeys.set(name, key = nameKey(rdnKeys(name)))
  return key
}

/**
 * The key of a text that is too long to be normalized. It equals only itself, and `isUnfolded` detects it.
 *
 * @example
 * ```ts
 * console.log(unfoldedKey('Example CA')) // ~Example CA
 * ```
 */
export function unfoldedKey (text: string): string {
  return `~${text}`
}

/**
 * Whether a key, or a part of it, was not normalized. Another key may then be for an equal name.
 *
 * @example
 * ```ts
 * console.log(isUnfolded('2.5.4.3=alice'), isUnfolded(`2.5.4.3${unfoldedKey('Alice')}`)) // false true
 * ```
 */
export function isUnfolded (rdnKey: string): boolean {
  return /^[\d.]*~/.test(rdnKey) || (rdnKey.startsWith('["') && /(?:^\[|,)"[\d.]+~/.test(rdnKey))
}

// A value that is not text has a hex value, which normalization does not change. The sign keeps it apart from texts.
function attributeKey ({ type, value, encoding }: NameAttribute): string {
  if (encoding === 'other') return `${type}#${value}`
  const folded = foldText(value)
  return folded === undefined ? `${type}${unfoldedKey(value)}` : `${type}=${folded}`
}

/** Undefined if it would take more than linear time. */
function foldText (text: string): string | undefined {
  // The usual case: normalization would not change the text.
  if (PLAIN.test(text)) return text
  if (ASCII.test(text)) return foldSpaces(text.toLowerCase())
  const short = text.length > MAX_NORMALIZED ? foldSpaces(text) : text
  if (short.length > MAX_NORMALIZED || MARKS.test(short)) return undefined
  return foldSpaces(short.normalize('NFKC').toLowerCase())
}

function foldSpaces (text: string): string {
  return text.replace(/\s+/gu, ' ').trim()
}
