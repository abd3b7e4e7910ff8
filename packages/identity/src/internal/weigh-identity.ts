import { claimsOf, derOf } from '../identity.ts'
import type { DistinguishedName } from '../name/distinguished-name.ts'
import type { PeerIdentity } from '../peer-identity.ts'

/** Bytes of an identity without its certificate and names: the object, its lists and its hashes. */
const BASE = 1_500
/** The certificate itself, and the text that its names are slices of. */
const EACH_OCTET = 2
/** A short string or a slice, with its place in a list. */
const EACH_TEXT = 40
/** V8 keeps the parts of a decoded OID apart, unless they are short: a string for each. */
const EACH_OID_CHARACTER = 12
const LONGEST_WHOLE_OID = 12
const EACH_NAME = 150
const EACH_ATTRIBUTE = 260
const EACH_OTHER_NAME = 300

/**
 * How much memory an identity keeps in use, in bytes, approximately; without its chain and its gateways, which other
 * identities share, and without extensions that rules ask for. The names count one by one: a certificate of 50 KB with
 * 4,500 other names takes 1.3 MB.
 */
export function weighIdentity (peer: PeerIdentity): number {
  const { subject, issuer, subjectAltNames: names, policies, extendedKeyUsage } = claimsOf(peer)
  let weight = BASE + EACH_OCTET * (derOf(peer)?.length ?? 0) + weighName(subject) + weighName(issuer)
  weight += weighOids(policies) + weighOids(extendedKeyUsage)
  if (names === undefined) return weight
  for (const list of [names.dns, names.uri, names.email, names.ip]) {
    for (const text of list) weight += EACH_TEXT + text.length
  }
  weight += weighOids(names.registeredId)
  for (const name of names.directoryName) weight += weighName(name)
  for (const { type, value = '' } of names.otherName) weight += EACH_OTHER_NAME + weighOid(type) + 2 * value.length
  return weight
}

function weighName (name: DistinguishedName | undefined): number {
  let weight = EACH_NAME
  for (const rdn of name?.rdns ?? []) {
    for (const { type, value } of rdn) weight += EACH_ATTRIBUTE + weighOid(type) + 2 * value.length
  }
  return weight
}

function weighOids (oids: readonly string[] | undefined): number {
  let weight = 0
  for (const oid of oids ?? []) weight += weighOid(oid)
  return weight
}

function weighOid ({ length }: string): number {
  return EACH_TEXT + (length > LONGEST_WHOLE_OID ? EACH_OID_CHARACTER * length : 0)
}
