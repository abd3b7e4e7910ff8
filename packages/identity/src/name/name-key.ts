import type { DistinguishedName } from './distinguished-name.ts'
import type { NameAttribute } from './name-attribute.ts'

/** Longest text that is normalised by Unicode rules, in UTF-16 units. RFC 5280 appendix A.1 allows 64 in most attributes. */
const MAX_NORMALIZED = 1_024
/** Canonical ordering takes the square of a run of combining marks, so longer runs are not normalised (UAX 15 section 12 calls 30 safe). */
const MARKS = /[\p{M}\uFF9E\uFF9F]{31}/u
const PLAIN = /^[a-z0-9.-]*$/
// eslint-disable-next-line no-control-regex
const ASCII = /^[\x00-\x7f]*$/

/**
 * A name's RDNs as texts that are equal where RFC 5280 section 7.1 calls the RDNs equal: string types, case, and runs of spaces do not count (RFC 4518: NFKC,
 * lower case).
 *
 * Identities are compared character by character by `equalDistinguishedNames`, since two names that a CA tells apart must never be one. Here a name only says
 * whose signature to look for, or which subtree a name is in, and a CA that encodes its name in two ways has to be found. The work is linear in the name's
 * length: a text that would take more is compared as it stands.
 */
export function rdnKeys (name: DistinguishedName): readonly string[] {
  return name.rdns.map((rdn) =>
    rdn.length === 1 ? attributeKey(rdn[0] as NameAttribute) : JSON.stringify(rdn.map(attributeKey).sort())
  )
}

/** One text for a list of `rdnKeys`. No two different lists have the same one. */
export function nameKey (rdns: readonly string[]): string {
  return JSON.stringify(rdns)
}

const keys = new WeakMap<DistinguishedName, string>()

/** Whether two names are equal by RFC 5280 section 7.1: to chain a certificate to its issuer, or a CRL to its CA. Not for identities: see `equalDistinguishedNames`. */
export function matchDistinguishedNames (one: DistinguishedName, other: DistinguishedName): boolean {
  return one === other || (one.rdns.length === other.rdns.length && keyOf(one) === keyOf(other))
}

function keyOf (name: DistinguishedName): string {
  let key = keys.get(name)
  if (key === undefined) keys.set(name, key = nameKey(rdnKeys(name)))
  return key
}

/** The key of a text that is too long to be folded: it equals itself alone, and `isUnfolded` tells. */
export function unfoldedKey (text: string): string {
  return `~${text}`
}

/** Whether a key, or one in it, is of a text that was not folded: then another key may stand for an equal name. */
export function isUnfolded (rdnKey: string): boolean {
  return /^[\d.]*~/.test(rdnKey) || (rdnKey.startsWith('["') && /(?:^\[|,)"[\d.]+~/.test(rdnKey))
}

// What is no text has a hex value, which no folding changes. The sign between keeps it from equalling a text.
function attributeKey ({ type, value, encoding }: NameAttribute): string {
  if (encoding === 'other') return `${type}#${value}`
  const folded = foldText(value)
  return folded === undefined ? `${type}${unfoldedKey(value)}` : `${type}=${folded}`
}

/** Undefined where it would take more than linear time. */
function foldText (text: string): string | undefined {
  // Most texts are like this, and normalising would not change them.
  if (PLAIN.test(text)) return text
  if (ASCII.test(text)) return foldSpaces(text.toLowerCase())
  const short = text.length > MAX_NORMALIZED ? foldSpaces(text) : text
  if (short.length > MAX_NORMALIZED || MARKS.test(short)) return undefined
  return foldSpaces(short.normalize('NFKC').toLowerCase())
}

function foldSpaces (text: string): string {
  return text.replace(/\s+/gu, ' ').trim()
}
