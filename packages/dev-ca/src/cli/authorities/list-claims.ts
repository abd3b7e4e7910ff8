import { claimsOf } from '@peerkit/identity'
import type { PeerIdentity, SubjectAltNames } from '@peerkit/identity'

const MAX_CLAIMS = 20

/** What a certificate says, and its authority does not vouch for: `subject CN=web`, `dns api.internal`, `policy 1.2.3`. */
export function listClaims (peer: PeerIdentity): readonly string[] {
  const { subject, subjectAltNames, policies = [] } = claimsOf(peer)
  const believed = new Set(listNames(peer.subjectAltNames))
  const found = [
    ...(peer.subject !== undefined || subject === undefined || subject.rdns.length === 0 ? [] : [`subject ${String(subject)}`]),
    ...listNames(subjectAltNames).filter((name) => !believed.has(name)),
    ...(peer.policies === undefined ? policies.map((policy) => `policy ${policy}`) : [])
  ]
  if (found.length <= MAX_CLAIMS) return found
  return [...found.slice(0, MAX_CLAIMS), `and ${found.length - MAX_CLAIMS} more`]
}

function listNames (names: SubjectAltNames | undefined): readonly string[] {
  if (names === undefined) return []
  const { dns, uri, email, ip, directoryName, otherName } = names
  const lists = { dns, uri, email, ip, directoryName: directoryName.map(String), otherName: otherName.map(describeOther) }
  return Object.entries(lists).flatMap(([kind, values]) => values.map((value) => `${kind} ${value}`))
}

function describeOther ({ type, value }: SubjectAltNames['otherName'][number]): string {
  return value === undefined ? type : `${type} ${value}`
}
