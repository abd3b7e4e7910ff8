import { claimsOf } from '@peerkit/identity'
import type { PeerIdentity, SubjectAltNames } from '@peerkit/identity'

const MAX_CLAIMS = 20

/** The names that the authority does not vouch for: `subject CN=web`, `dns api.internal`. */
export function listClaims (peer: PeerIdentity): readonly string[] {
  const { subject, subjectAltNames, policies = [] } = claimsOf(peer)
  const isNamed = subject !== undefined && subject.rdns.length > 0
  const believed = new Set(listNames(peer.subjectAltNames))
  const found = [
    ...(peer.subject === undefined && isNamed ? [`subject ${String(subject)}`] : []),
    ...listNames(subjectAltNames).filter((name) => !believed.has(name)),
    ...(peer.policies === undefined ? policies.map((policy) => `policy ${policy}`) : [])
  ]
  if (found.length <= MAX_CLAIMS) return found
  return [...found.slice(0, MAX_CLAIMS), `and ${found.length - MAX_CLAIMS} more`]
}

function listNames (names: SubjectAltNames | undefined): readonly string[] {
  if (names === undefined) return []
  const { dns, uri, email, ip, directoryName, otherName } = names
  const others = { directoryName: directoryName.map(String), otherName: otherName.map(describeOther) }
  const lists = { dns, uri, email, ip, ...others }
  return Object.entries(lists).flatMap(([kind, values]) => values.map((value) => `${kind} ${value}`))
}

function describeOther ({ type, value }: SubjectAltNames['otherName'][number]): string {
  return value === undefined ? type : `${type} ${value}`
}
