import type { DistinguishedName } from './name/distinguished-name.ts'
import type { SubjectAltNames } from './peer-identity.ts'
import type { GeneralName, OtherName } from './x509/general-names.ts'

const NONE: readonly never[] = Object.freeze([])

/** What a certificate without alternative names has. */
export const NO_NAMES: SubjectAltNames = Object.freeze({ dns: NONE, uri: NONE, email: NONE, ip: NONE, directoryName: NONE, otherName: NONE, unknown: NONE })

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
    dns: freeze(dns), uri: freeze(uri), email: freeze(email), ip: freeze(ip), directoryName: freeze(directoryName), otherName: freeze(otherName), unknown: NONE,
  })
}

function freeze<T> (list: T[]): readonly T[] {
  return list.length === 0 ? NONE : Object.freeze(list)
}
