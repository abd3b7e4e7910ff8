import { claimsOf } from '@peerkit/identity'
import type { CertificateFlaw, ClaimKind, PeerIdentity, SubjectAltNames } from '@peerkit/identity'
import type { Accepted } from '@peerkit/trust'
import { describeMoment } from '../output.ts'
import type { Row } from '../output.ts'
import type { AuthorityAnswer } from './ask-authorities.ts'
import type { NamedAuthority } from './read-authorities.ts'

/** The authority that accepts a chain, and the names that it vouches for. */
export function describeAccepting (
  { name, serverAuthOnlyUntil = 0 }: NamedAuthority, { peer, serverAuthOnly, tolerated }: Accepted
): readonly Row[] {
  const until = `accepted until ${describeMoment(serverAuthOnlyUntil)}, by serverAuthOnly of ${name}`
  return [
    ['authority', name],
    ['not believed', describeNotBelieved(peer)],
    ['claims', listClaims(peer)],
    ['serverAuth only', serverAuthOnly ? until : undefined],
    ['tolerated', tolerated.length === 0 ? undefined : `${tolerated.join(', ')}, by tolerate of ${name}`]
  ]
}

/** `subject, dns: rules do not see them`. Undefined if the authority vouches for everything. */
export function describeNotBelieved ({ notBelieved }: PeerIdentity): string | undefined {
  return notBelieved.length === 0 ? undefined : `${notBelieved.join(', ')}: rules do not see them`
}

/** The same as data. */
interface AcceptingData {
  readonly name: string
  readonly notBelieved: readonly ClaimKind[]
  /** The values of these kinds in the certificate. */
  readonly claims: readonly string[]
  readonly serverAuthOnly: boolean
  readonly serverAuthOnlyUntil: string | undefined
  readonly tolerated: readonly CertificateFlaw[] | undefined
}

export function describeAcceptingAsData (
  { name, serverAuthOnlyUntil }: NamedAuthority, { peer, serverAuthOnly, tolerated }: Accepted
): AcceptingData {
  return {
    name,
    notBelieved: peer.notBelieved,
    claims: listClaims(peer),
    serverAuthOnly,
    serverAuthOnlyUntil: serverAuthOnlyUntil === undefined ? undefined : describeMoment(serverAuthOnlyUntil),
    tolerated: tolerated.length === 0 ? undefined : tolerated
  }
}

/** The answer of each authority about a refused chain, a line for each. */
export function describeEach (each: readonly AuthorityAnswer[], at: number): readonly string[] {
  return each.map((answer) => `${answer.authority.name}: ${describeOne(answer, at)}`)
}

function describeOne ({ authority, refused, leadsHere, outside }: AuthorityAnswer, at: number): string {
  const { use, serverAuthOnlyUntil } = authority
  if (refused === undefined) {
    return leadsHere ? `the chain leads here, but it is only for ${use}` : `not asked, because it is only for ${use}`
  }
  const { step } = refused.detail
  if (outside !== undefined) {
    const name = outside.name === undefined ? 'that cannot be read' : JSON.stringify(outside.name)
    return `${step}, ${outside.kind} ${name} is outside of ${outside.bound}`
  }
  if (step !== 'wrong_purpose' || serverAuthOnlyUntil === undefined || serverAuthOnlyUntil > at) return step
  return `${step}, its serverAuthOnly ended on ${describeMoment(serverAuthOnlyUntil)}`
}

/** The same as data. */
export function describeEachAsData (each: readonly AuthorityAnswer[]): readonly object[] {
  return each.map(({ authority: { name, use }, refused, leadsHere, outside }) => ({
    name,
    for: use,
    asked: refused !== undefined,
    leadsHere: refused === undefined ? leadsHere : undefined,
    step: refused?.detail.step,
    message: refused?.detail.message,
    outside
  }))
}

const MAX_CLAIMS = 20

/** The names that the authority does not vouch for: `subject CN=web`, `dns api.internal`. */
function listClaims (peer: PeerIdentity): readonly string[] {
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
