import type { DistinguishedName, NameAttribute } from '@peerkit/identity'

/**
 * A name's RDNs as texts that are equal where RFC 5280 section 7.1 calls the RDNs equal: string types, case, and runs of spaces do not count (RFC 4518: NFKC, lower case).
 *
 * Identities are compared character by character, since two names a CA tells apart must never be one. Here a name only says whose signature to look for, or which
 * subtree a name is in, and a CA that encodes its name in two ways is to be found.
 */
export function rdnKeys (name: DistinguishedName): readonly string[] {
  return name.rdns.map((rdn) => rdn.length === 1 ? attributeKey(rdn[0] as NameAttribute) : JSON.stringify(rdn.map(attributeKey).sort()))
}

/** The same for the whole name. No two different lists of RDNs make one text. */
export function nameKey (rdns: readonly string[]): string {
  return JSON.stringify(rdns)
}

// What is no text has a hex value, which no folding changes; the sign between keeps it from equalling a text.
function attributeKey ({ type, value, encoding }: NameAttribute): string {
  return encoding === 'other' ? `${type}#${value}` : `${type}=${foldText(value)}`
}

function foldText (text: string): string {
  // NFKC and lower case change nothing of this, which is most of what there is.
  if (/^[a-z0-9.-]*$/.test(text)) return text
  return text.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim()
}
