import type { DistinguishedName } from './name/distinguished-name.ts'
import type { ClaimKind, SubjectAltNameKind, SubjectAltNames } from './peer-identity.ts'
import type { GeneralName, OtherName } from './x509/general-names.ts'

const NONE: readonly never[] = Object.freeze([])

/** The names of a certificate without alternative names. */
export const NO_NAMES: SubjectAltNames = Object.freeze({
  dns: NONE,
  uri: NONE,
  email: NONE,
  ip: NONE,
  directoryName: NONE,
  otherName: NONE,
  unknown: NONE
})

/**
 * Sorts alternative names by kind. Kinds that rules do not support (registeredID, x400Address, ediPartyName) have no
 * list.
 *
 * @param unknown kinds of names that cannot be read
 */
export function collectAltNames (
  names: readonly GeneralName[], unknown: readonly SubjectAltNameKind[] = NONE
): SubjectAltNames {
  const dns: string[] = []
  const uri: string[] = []
  const email: string[] = []
  const ip: string[] = []
  const directoryName: DistinguishedName[] = []
  const otherName: OtherName[] = []
  for (const name of names) {
    switch (name.kind) {
      case 'dns': dns.push(name.value); break
      case 'uri': uri.push(name.value); break
      case 'email': email.push(name.value); break
      case 'ip': ip.push(name.value); break
      case 'directoryName': directoryName.push(name.value); break
      case 'otherName': otherName.push(name.value); break
      default:
    }
  }
  return Object.freeze({
    dns: freeze(dns),
    uri: freeze(uri),
    email: freeze(email),
    ip: freeze(ip),
    directoryName: freeze(directoryName),
    otherName: freeze(otherName),
    unknown: freeze([...unknown])
  })
}

function freeze<T> (list: T[]): readonly T[] {
  return list.length === 0 ? NONE : Object.freeze(list)
}

/** The list of alternative names for each kind of claim. A directory name counts as a subject. */
const LISTS: readonly (readonly [ClaimKind, SubjectAltNameKind])[] = [
  ['dns', 'dns'], ['uri', 'uri'], ['email', 'email'], ['ip', 'ip'], ['subject', 'directoryName'], ['upn', 'otherName']
]

/**
 * Hides the kinds that the authority does not vouch for; they become unknown. The list of URIs has two kinds, SPIFFE
 * IDs and others. It is known if the authority vouches for all its entries. Entries that it vouches for stay in the
 * list in any case.
 */
export function hideAltNames (names: SubjectAltNames, notBelieved: readonly ClaimKind[]): SubjectAltNames {
  const hidden = new Set<SubjectAltNameKind>(
    LISTS.filter(([claim]) => notBelieved.includes(claim)).map(([, kind]) => kind)
  )
  if (notBelieved.includes('spiffe') && names.uri.some(isSpiffe)) hidden.add('uri')
  const lists = Object.fromEntries(
    LISTS.map(([, kind]) => [kind, hidden.has(kind) ? NONE : names[kind]])
  ) as unknown as Omit<SubjectAltNames, 'unknown'>
  const uri = freeze(names.uri.filter((each) => !notBelieved.includes(isSpiffe(each) ? 'spiffe' : 'uri')))
  return Object.freeze({ ...lists, uri, unknown: Object.freeze([...new Set([...names.unknown, ...hidden])]) })
}

/**
 * Empties the lists of unknown kinds. Such a list has the names that can be read, but not all of the certificate: a
 * rule about it must neither match nor not match.
 */
export function emptyUnknown (names: SubjectAltNames): SubjectAltNames {
  const lists = names.unknown.map((kind) => [kind, NONE])
  return Object.freeze({ ...names, ...Object.fromEntries(lists) })
}

/**
 * Whether a URI has the scheme of SPIFFE IDs. Schemes are compared without case (RFC 3986 section 3.1).
 *
 * @example
 * ```ts
 * console.log(isSpiffe('spiffe://prod.example/billing'), isSpiffe('https://prod.example')) // true false
 * ```
 */
export function isSpiffe (uri: string): boolean {
  return /^spiffe:/i.test(uri)
}
