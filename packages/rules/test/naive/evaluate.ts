// What the rule language means, written down a second time without any index: slow, plain, and sharing no code with the
// package.
import { isIP } from 'node:net'
import type { DistinguishedName, PeerIdentity, SubjectAltNameKind, SubjectAltNames } from '@peerkit/identity'
import { claimsOf, equalDistinguishedNames, parseDistinguishedName } from '@peerkit/identity'

/** `undefined`: not known. */
type Answer = boolean | undefined

/** The request and the time of a decision: all values of the request by source and name. */
export interface NaiveQuestion {
  readonly request: Readonly<Record<string, readonly string[]>> | undefined
  readonly now: number
}

const UPN = '1.3.6.1.4.1.311.20.2.3'

/** Which part of the request a value is. */
const sourceOf = (value: any): string | undefined => ['param', 'query', 'header'].find((source) => value?.[source])

export interface NaiveVerdict { allowed: boolean, rule?: number, group?: string | undefined, reason?: string }

const list = <T> (value: T | readonly T[]): readonly T[] => Array.isArray(value) ? value : [value as T]
const any = (answers: readonly Answer[]): Answer =>
  answers.includes(true) ? true : answers.includes(undefined) ? undefined : false
const all = (answers: readonly Answer[]): Answer =>
  answers.includes(false) ? false : answers.includes(undefined) ? undefined : true

/** The verdict on rules and groups without predicates. */
export function evaluateNaively (
  rules: readonly any[], groups: Record<string, any>, peer: PeerIdentity, question: NaiveQuestion
): NaiveVerdict {
  let unknown = false
  for (const [rule, entry] of rules.entries()) {
    const answer = typeof entry === 'string' ? groupHolds(entry, groups, peer, question) : ruleHolds(entry, peer, question)
    if (answer === true) return { allowed: true, rule, group: typeof entry === 'string' ? entry : undefined }
    unknown ||= answer === undefined
  }
  return { allowed: false, reason: unknown ? 'incomplete_identity' : 'no_match' }
}

function groupHolds (
  name: string, groups: Record<string, any>, peer: PeerIdentity, question: NaiveQuestion
): Answer {
  return any(list<any>(groups[name]).map((entry) => {
    return typeof entry === 'string' ? groupHolds(entry, groups, peer, question) : ruleHolds(entry, peer, question)
  }))
}

export function ruleHolds (rule: any, peer: PeerIdentity, question: NaiveQuestion): Answer {
  return all(Object.entries(rule).map(([key, value]) => {
    const values = list<any>(value as any)
    const fixed = values.filter((one) => sourceOf(one) === undefined)
    const asked = values.filter((one) => sourceOf(one) !== undefined)
    return any([
      ...fixed.length === 0 ? [] : [keyHolds(key, fixed, peer, question)],
      ...asked.map((one) => askedHolds(key, one, peer, question))
    ])
  }))
}

/** All values of a request under a name that a rule has; undefined if there are none, several, or an empty one. */
function askedText (wanted: any, question: NaiveQuestion): string | undefined {
  const source = sourceOf(wanted) as string
  const values = question.request?.[`${source} ${wanted[source]}`] ?? []
  return values.length !== 1 || values[0] === '' ? undefined : values[0]
}

/** Whether the one value of the request is the one value of the certificate. */
function askedHolds (key: string, wanted: any, peer: PeerIdentity, question: NaiveQuestion): Answer {
  const text = askedText(wanted, question)
  if (text === undefined || !isOneValue(key, text)) return undefined
  const answer = keyHolds(key, [text], peer, question)
  return answer === true && countOf(key, peer) !== 1 ? undefined : answer
}

function isOneValue (key: string, text: string): boolean {
  switch (key) {
    case 'dns': return /^[\w-]+(?:\.[\w-]+)*$/.test(text) && isIP(text) === 0
    case 'uri': return /^[a-z]+:[!-)+-~]+$/i.test(text)
    case 'spiffe': return /^spiffe:\/\/[a-z0-9._-]+(?:\/[\w.-]+)+$/.test(text)
    case 'trustDomain': return /^[a-z0-9._-]+$/.test(text)
    case 'email': return /^[!-)+-~]+@[\w.-]+$/.test(text)
    case 'ip': return isIP(text) !== 0
    case 'upn': return !text.includes('*')
    case 'registeredId': return /^[0-2](?:\.\d+)+$/.test(text)
    case 'subject': case 'issuer': case 'directoryName': return isName(text)
    default: return true
  }
}

function isName (text: string): boolean {
  try {
    return parseDistinguishedName(text).rdns.length > 0
  } catch {
    return false
  }
}

const TYPES: Record<string, string> = { cn: '2.5.4.3', o: '2.5.4.10', ou: '2.5.4.11' }

function countOf (key: string, peer: PeerIdentity): number {
  const { subject, subjectAltNames } = peer
  if (TYPES[key] !== undefined) return countAttributes(subject === undefined ? [] : [subject], key)
  if (key === 'upn') return subjectAltNames?.otherName.filter(({ type }) => type === UPN).length ?? 0
  return subjectAltNames?.[key as 'dns'] === undefined ? 1 : subjectAltNames[key as 'dns'].length
}

function countAttributes (names: readonly DistinguishedName[], key: string): number {
  const type = TYPES[key.toLowerCase()] ?? key
  return names.flatMap(({ rdns }) => rdns.flat()).filter((attribute) => attribute.type === type).length
}

function keyHolds (key: string, wanted: readonly any[], peer: PeerIdentity, question: NaiveQuestion): Answer {
  const san = <Kind extends SubjectAltNameKind> (kind: Kind): SubjectAltNames[Kind] | undefined => {
    const names = peer.subjectAltNames
    return names === undefined || names.unknown.includes(kind) ? undefined : names[kind]
  }
  const named = (names: readonly DistinguishedName[] | undefined): Answer => {
    // The empty name has no value. But what the request lacks stays unknown, also for a certificate without names.
    const all = names && [...names, parseDistinguishedName('')]
    return all && any(wanted.flatMap((one) => all.map((name) => nameHolds(one, name, all, question))))
  }
  const has = <T> (found: readonly T[] | undefined, test: (wanted: any, found: T) => boolean): Answer =>
    found && wanted.some((one) => found.some((other) => test(one, other)))
  const single = (value: string | undefined): readonly string[] | undefined => value === undefined ? undefined : [value]
  const same = (a: string, b: string): boolean => a === b
  switch (key) {
    case 'cn': case 'commonName': return has(peer.subject?.values('CN'), same)
    case 'o': case 'organization': return has(peer.subject?.values('O'), same)
    case 'ou': case 'organizationalUnit': return has(peer.subject?.values('OU'), same)
    case 'subject': return named(peer.subject && [peer.subject])
    case 'issuer': return named(peer.issuer && [peer.issuer])
    case 'dns': return has(san('dns'), dnsHolds)
    case 'uri': return has(san('uri'), uriHolds)
    case 'trustDomain': case 'spiffe': {
      const holds = key === 'spiffe' ? spiffeHolds : (name: string, id: string) => id.split('/')[2] === name
      if (peer.notBelieved.includes('spiffe')) return undefined
      if (peer.spiffeId !== undefined) return has([peer.spiffeId], holds)
      const said = claimsOf(peer).subjectAltNames
      return said === undefined || said.unknown.includes('uri') ? undefined : false
    }
    case 'authority': return has(single(peer.authority), same)
    case 'email': return has(san('email'), (a: string, b) => fold(a) === fold(b))
    case 'ip': return has(san('ip'), ipHolds)
    case 'serialNumber': return has(
      single(peer.serialNumber), (a, b) => BigInt(`0x${a.replaceAll(':', '')}`) === BigInt(`0x${b}`)
    )
    case 'fingerprint': return has(single(peer.fingerprint256), digestHolds)
    case 'publicKey': return has(single(peer.publicKey256), digestHolds)
    case 'policy': return has(peer.policies, same)
    case 'extendedKeyUsage': return has(peer.extendedKeyUsage, same)
    case 'keyUsage': return has<string>(peer.keyUsage, same)
    case 'registeredId': return has(san('registeredId'), same)
    case 'directoryName': return named(san('directoryName'))
    case 'upn': return has(san('otherName'), (name: string, { type, value = '' }) => {
      return type === UPN && fold(name) === fold(value)
    })
    case 'otherName': return has(san('otherName'), ({ oid, value }, name) => {
      return oid === name.type && (value === undefined || list(value).includes(name.value))
    })
    case 'validFrom': return Date.parse(wanted[0]) <= question.now
    case 'validUntil': return question.now < Date.parse(wanted[0])
    case 'not': {
      const answer = any(wanted.map((rule) => ruleHolds(rule, peer, question)))
      return answer === undefined ? undefined : !answer
    }
    case 'via': {
      const gateway = peer.via[peer.via.length - 1]
      if (gateway !== undefined) return any(wanted.map((rule) => ruleHolds(rule, gateway, question)))
      return peer.source === 'forwarded' ? undefined : false
    }
    default: throw new Error(key)
  }
}

/** `names` are all names of the certificate of that kind: a value of the request must be the only one in them. */
function nameHolds (
  wanted: any, name: DistinguishedName, names: readonly DistinguishedName[], question: NaiveQuestion
): Answer {
  if (typeof wanted === 'string') return equalDistinguishedNames(parseDistinguishedName(wanted), name)
  return all(Object.entries(wanted).map(([type, values]) => any(list<any>(values as any).map((value): Answer => {
    if (sourceOf(value) === undefined) return name.values(type).includes(value)
    const text = askedText(value, question)
    if (text === undefined) return undefined
    return name.values(type).includes(text) && countAttributes(names, type) !== 1 ? undefined : name.values(type).includes(text)
  }))))
}

function dnsHolds (wanted: string, name: string): boolean {
  const pattern = wanted.toLowerCase().replaceAll('.', '\\.').replace(/^\*/, '(?:[a-z0-9_-]{1,63}|\\*)')
  return new RegExp(`^${pattern}$`).test(name.toLowerCase())
}

function uriHolds (wanted: string, uri: string): boolean {
  if (!wanted.includes('*')) return wanted === uri
  const segment = '(?!(?:\\.|%2e){1,2}(?:/|$))(?:(?!%2f|%5c|%[01]|%7f)(?:%[0-9a-f]{2}|[^%/?#\\\\ "<>^`{|}]))+'
  const source = wanted.split('/')
    .map((part) => part === '**' ? `${segment}(?:/${segment})*` : part === '*' ? segment : part.replaceAll('.', '\\.'))
    .join('/')
  // The case of a literal part counts, that of percent-encoding does not.
  return new RegExp(`^${source}$`, 'i').test(uri) &&
    wanted.split('/').every((part, index) => part.includes('*') || uri.split('/')[index] === part)
}

function spiffeHolds (wanted: string, id: string): boolean {
  return wanted.split('/').length === 3 ? id.startsWith(`${wanted}/`) : uriHolds(wanted, id)
}

function fold (address: string): string {
  if (!address.includes('@')) return address
  const parts = address.split('@')
  const host = parts.pop() as string
  return `${parts.join('@')}@${host.toLowerCase()}`
}

function ipHolds (wanted: string, address: string): boolean {
  const [range = '', prefix] = wanted.split('/')
  const net = bitsOf(range)
  const bits = bitsOf(address)
  if (net.length !== bits.length) return false
  const mapped = range.includes(':') && net.length === 32
  const length = prefix === undefined ? net.length : Number(prefix) - (mapped ? 96 : 0)
  return net.slice(0, length) === bits.slice(0, length)
}

/** Thirty-two or a hundred and twenty-eight digits. The URL parser knows how to write an address in one way. */
function bitsOf (address: string): string {
  if (!address.includes(':')) {
    return address.split('.').map((part) => Number(part).toString(2).padStart(8, '0')).join('')
  }
  const host = new URL(`http://[${address}]/`).hostname.slice(1, -1)
  const [head = '', tail] = host.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => '0'), ...right]
  const bits = groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0')).join('')
  return bits.startsWith('0'.repeat(80) + '1'.repeat(16)) ? bits.slice(96) : bits
}

function digestHolds (wanted: string, digest: string): boolean {
  return (wanted.length === 44
    ? Buffer.from(wanted, 'base64').toString('hex')
    : wanted.replaceAll(':', '').toLowerCase()) === digest
}
