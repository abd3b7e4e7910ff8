import type { DistinguishedName } from './name/distinguished-name.ts'
import type { ClaimKind, SubjectAltNameKind, SubjectAltNames } from './peer-identity.ts'
import type { GeneralName, OtherName } from './x509/general-names.ts'

const NONE: readonly never[] = Object.freeze([])

/** What a certificate without alternative names has. */
export const NO_NAMES: SubjectAltNames = Object.freeze({
  dns: NONE,
  uri: NONE,
  email: NONE,
  ip: NONE,
  directoryName: NONE,
  otherName: NONE,
  unknown: NONE
})

/** Alternative names by type. Kinds no rule can read (registeredID, x400Address, ediPartyName) have no list. */
export function collectAltNames (names: readonly GeneralName[]): SubjectAltNames {
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
    unknown: NONE
  })
}

function freeze<T> (list: T[]): readonly T[] {
  return list.length === 0 ? NONE : Object.freeze(list)
}

/** Which claims are lists of alternative names. A directory name is a subject by another way. */
const LISTS: readonly (readonly [ClaimKind, SubjectAltNameKind])[] = [
  ['dns', 'dns'], ['uri', 'uri'], ['email', 'email'], ['ip', 'ip'], ['subject', 'directoryName'], ['upn', 'otherName']
]

/**
 * The same without the kinds that are not believed, which are unknown. URIs are two kinds in one list, SPIFFE IDs and others: it is known where all that stands in
 * it is believed. Those that are believed stand in it all the same.
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

/** Whether a URI is one that only SPIFFE IDs may be. Schemes are compared without case (RFC 3986 section 3.1). */
export function isSpiffe (uri: string): boolean {
  return /^spiffe:/i.test(uri)
}
