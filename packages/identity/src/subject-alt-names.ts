import { isIP } from 'node:net'
import { isObjectIdentifier } from './der/object-identifier.ts'
import { IdentityOptionError } from './errors.ts'
import { refuseUnknownKeys, wrongValue } from './internal/options.ts'
import { isDistinguishedName } from './name/distinguished-name.ts'
import type { DistinguishedName } from './name/distinguished-name.ts'
import { parseDistinguishedName } from './name/parse.ts'
import type { ClaimKind, SubjectAltNameKind, SubjectAltNames } from './peer-identity.ts'
import { isSpiffe } from './spiffe-id.ts'
import { createOtherName } from './x509/general-names.ts'
import type { GeneralName, OtherName } from './x509/general-names.ts'
import { parseIpAddress, renderIpAddress } from './x509/ip-address.ts'

const NONE: readonly never[] = Object.freeze([])

/** The names of a certificate without alternative names. */
export const NO_NAMES: SubjectAltNames = collectAltNames([])

/**
 * Sorts alternative names by kind. Kinds that rules do not support (x400Address, ediPartyName) have no list.
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
  const registeredId: string[] = []
  for (const name of names) {
    switch (name.kind) {
      case 'dns': dns.push(name.value); break
      case 'uri': uri.push(name.value); break
      case 'email': email.push(name.value); break
      case 'ip': ip.push(name.value); break
      case 'directoryName': directoryName.push(name.value); break
      case 'otherName': otherName.push(name.value); break
      case 'registeredId': registeredId.push(name.value); break
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
    registeredId: freeze(registeredId),
    unknown: freeze([...unknown])
  })
}

function freeze<T> (list: T[]): readonly T[] {
  return list.length === 0 ? NONE : Object.freeze(list)
}

/** The list of alternative names for each kind of claim. A directory name counts as a subject. */
const LISTS: readonly (readonly [ClaimKind, SubjectAltNameKind])[] = [
  ['dns', 'dns'], ['uri', 'uri'], ['email', 'email'], ['ip', 'ip'], ['subject', 'directoryName'], ['upn', 'otherName'],
  ['registeredId', 'registeredId']
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

/** Subject alternative names, usually from a gateway. A list must be complete. A kind that is missing is unknown. */
export interface KnownAltNames {
  readonly dns?: readonly string[] | undefined
  readonly uri?: readonly string[] | undefined
  readonly email?: readonly string[] | undefined
  readonly ip?: readonly string[] | undefined
  /** Names, or their RFC 4514 texts. */
  readonly directoryName?: readonly (DistinguishedName | string)[] | undefined
  readonly otherName?:
    | readonly { readonly type: string, readonly value?: string | undefined, readonly raw?: Uint8Array | undefined }[]
    | undefined
  readonly registeredId?: readonly string[] | undefined
}

const KINDS = LISTS.map(([, kind]) => kind)

/**
 * Creates frozen alternative names; `unknown` lists the missing kinds.
 *
 * @throws IdentityOptionError, NameInvalidError
 */
export function createPartialAltNames (known: KnownAltNames): SubjectAltNames {
  if (typeof known !== 'object' || known === null || Array.isArray(known)) refuse('', known, 'an object of lists')
  // `unknown` of a parsed identity may be passed in. It must agree with the lists.
  const { unknown: said, ...lists } = known as KnownAltNames & { unknown?: readonly string[] }
  refuseUnknownKeys(lists, KINDS, 'subjectAltNames', IdentityOptionError)
  const unknown = KINDS.filter((kind) => lists[kind] === undefined || said?.includes(kind))
  return Object.freeze({
    dns: mapList(lists.dns, 'dns', readText),
    uri: mapList(lists.uri, 'uri', readText),
    email: mapList(lists.email, 'email', readText),
    ip: mapList(lists.ip, 'ip', readIp),
    directoryName: mapList(lists.directoryName, 'directoryName', readDirectoryName),
    otherName: mapList(lists.otherName, 'otherName', readOther),
    registeredId: mapList(lists.registeredId, 'registeredId', readRegisteredId),
    unknown: Object.freeze(unknown),
  })
}

function mapList<T, U> (
  list: readonly T[] | undefined,
  kind: string,
  read: (value: T, kind: string) => U
): readonly U[] {
  if (list === undefined) return Object.freeze([])
  if (!Array.isArray(list)) refuse(kind, list, 'a list')
  return Object.freeze(list.map((value: T) => read(value, kind)))
}

/** Accepts the same characters as in a certificate. */
function readText (value: string, kind: string): string {
  if (typeof value !== 'string' || !/^[\x20-\x7e]+$/.test(value)) {
    refuse(kind, value, 'strings of printable ASCII')
  }
  return value
}

function readIp (value: string, kind: string): string {
  if (typeof value !== 'string' || isIP(value) === 0 || value.includes('%')) {
    refuse(kind, value, 'IP addresses')
  }
  return renderIpAddress(parseIpAddress(value))
}

function readDirectoryName (value: DistinguishedName | string, kind: string): DistinguishedName {
  if (typeof value === 'string') return parseDistinguishedName(value)
  if (!isDistinguishedName(value)) refuse(kind, value, 'RFC 4514 texts or DistinguishedNames')
  return value
}

function readOther (
  value: { readonly type: string, readonly value?: string | undefined, readonly raw?: Uint8Array | undefined },
  kind: string
): OtherName {
  const type: unknown = value?.type
  if (typeof type !== 'string' || !isObjectIdentifier(type)) {
    refuse(kind, value, 'objects with an OID as type')
  }
  if (value.value !== undefined && typeof value.value !== 'string') {
    refuse(`${kind}.value`, value.value, 'a string')
  }
  if (value.raw !== undefined && !(value.raw instanceof Uint8Array)) refuse(`${kind}.raw`, value.raw, 'bytes')
  return createOtherName(value.type, value.value, new Uint8Array(value.raw ?? []))
}

function readRegisteredId (value: string, kind: string): string {
  if (typeof value !== 'string' || !isObjectIdentifier(value)) refuse(kind, value, 'OIDs')
  return value
}

function refuse (kind: string, found: unknown, expected: string): never {
  const option = kind === '' ? 'subjectAltNames' : `subjectAltNames.${kind}`
  throw wrongValue(IdentityOptionError, option, found, expected)
}
