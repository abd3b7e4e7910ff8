import { isIP } from 'node:net'
import { isObjectIdentifier } from './der/object-identifier.ts'
import { MTLS_ERR_IDENTITY_OPTION } from './errors.ts'
import { refuseUnknownKeys, wrongValue } from './internal/options.ts'
import { isDistinguishedName } from './name/distinguished-name.ts'
import type { DistinguishedName } from './name/distinguished-name.ts'
import { parseDistinguishedName } from './name/parse.ts'
import type { SubjectAltNameKind, SubjectAltNames } from './peer-identity.ts'
import { createOtherName } from './x509/general-names.ts'
import type { OtherName } from './x509/general-names.ts'
import { renderIpAddress } from './x509/ip-address.ts'
import { parseIpAddress } from './x509/parse-ip-address.ts'

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
}

const KINDS: readonly SubjectAltNameKind[] = ['dns', 'uri', 'email', 'ip', 'directoryName', 'otherName']

/**
 * Creates frozen alternative names; `unknown` lists the missing kinds.
 *
 * @throws MTLS_ERR_IDENTITY_OPTION, MTLS_ERR_NAME_INVALID
 */
export function createPartialAltNames (known: KnownAltNames): SubjectAltNames {
  if (typeof known !== 'object' || known === null || Array.isArray(known)) refuse('', known, 'an object of lists')
  // `unknown` of a parsed identity may be passed in. It must agree with the lists.
  const { unknown: said, ...lists } = known as KnownAltNames & { unknown?: readonly string[] }
  refuseUnknownKeys(lists, KINDS, 'subjectAltNames', MTLS_ERR_IDENTITY_OPTION)
  const unknown = KINDS.filter((kind) => lists[kind] === undefined || said?.includes(kind))
  return Object.freeze({
    dns: mapList(lists.dns, 'dns', readText),
    uri: mapList(lists.uri, 'uri', readText),
    email: mapList(lists.email, 'email', readText),
    ip: mapList(lists.ip, 'ip', readIp),
    directoryName: mapList(lists.directoryName, 'directoryName', readDirectoryName),
    otherName: mapList(lists.otherName, 'otherName', readOther),
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
  const octets = parseIpAddress(value)
  return renderIpAddress(octets, 0, octets.length)
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

function refuse (kind: string, found: unknown, expected: string): never {
  const option = kind === '' ? 'subjectAltNames' : `subjectAltNames.${kind}`
  throw wrongValue(MTLS_ERR_IDENTITY_OPTION, option, found, expected)
}
