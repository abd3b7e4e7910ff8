import { isIP } from 'node:net'
import { isObjectIdentifier } from './der/object-identifier.ts'
import { MTLS_ERR_IDENTITY_OPTION } from './errors.ts'
import { isDistinguishedName } from './name/distinguished-name.ts'
import type { DistinguishedName } from './name/distinguished-name.ts'
import { parseDistinguishedName } from './name/parse.ts'
import { nearest } from './nearest.ts'
import type { SubjectAltNameKind, SubjectAltNames } from './peer-identity.ts'
import { createOtherName } from './x509/general-names.ts'
import type { OtherName } from './x509/general-names.ts'
import { renderIpAddress } from './x509/ip-address.ts'
import { parseIpAddress } from './x509/parse-ip-address.ts'

/** Alternative names as a gateway told them. A list given is complete; a kind left out is unknown. */
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

/** Frozen alternative names of what is known, `unknown` naming the kinds left out. @throws MTLS_ERR_IDENTITY_OPTION, MTLS_ERR_NAME_INVALID */
export function createPartialAltNames (known: KnownAltNames): SubjectAltNames {
  if (typeof known !== 'object' || known === null || Array.isArray(known)) refuse('', 'an object of lists')
  // What a parsed identity has for `unknown` may be handed back, and must agree with the lists.
  const { unknown: said, ...lists } = known as KnownAltNames & { unknown?: readonly string[] }
  for (const key of Object.keys(lists)) {
    if (!KINDS.includes(key as SubjectAltNameKind)) {
      throw new MTLS_ERR_IDENTITY_OPTION(`subjectAltNames: unknown key "${key}"${nearest(key, KINDS)}`)
    }
  }
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
  if (!Array.isArray(list)) refuse(kind, 'an array')
  return Object.freeze(list.map((value: T) => read(value, kind)))
}

/** The same characters that a certificate may have there. */
function readText (value: string, kind: string): string {
  if (typeof value !== 'string' || !/^[\x20-\x7e]+$/.test(value)) refuse(kind, 'texts of printable ASCII')
  return value
}

function readIp (value: string, kind: string): string {
  if (typeof value !== 'string' || isIP(value) === 0 || value.includes('%')) refuse(kind, 'IP addresses')
  const octets = parseIpAddress(value)
  return renderIpAddress(octets, 0, octets.length)
}

function readDirectoryName (value: DistinguishedName | string, kind: string): DistinguishedName {
  if (typeof value === 'string') return parseDistinguishedName(value)
  if (!isDistinguishedName(value)) refuse(kind, 'RFC 4514 texts or DistinguishedNames')
  return value
}

function readOther (
  value: { readonly type: string, readonly value?: string | undefined, readonly raw?: Uint8Array | undefined },
  kind: string
): OtherName {
  if (typeof value !== 'object' || value === null || typeof value.type !== 'string' || !isObjectIdentifier(value.type)) {
    refuse(kind, 'objects with an OID as type')
  }
  if (value.value !== undefined && typeof value.value !== 'string') refuse(kind, 'a text as value')
  if (value.raw !== undefined && !(value.raw instanceof Uint8Array)) refuse(kind, 'bytes as raw')
  return createOtherName(value.type, value.value, new Uint8Array(value.raw ?? []))
}

function refuse (kind: string, expected: string): never {
  throw new MTLS_ERR_IDENTITY_OPTION(`subjectAltNames${kind === '' ? '' : `.${kind}`}: expected ${expected}`)
}
