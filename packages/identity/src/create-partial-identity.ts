import { describeValue } from './describe-value.ts'
import { MTLS_ERR_IDENTITY_OPTION } from './errors.ts'
import { isObjectIdentifier } from './der/object-identifier.ts'
import { createIdentity } from './identity.ts'
import { isDistinguishedName } from './name/distinguished-name.ts'
import type { DistinguishedName } from './name/distinguished-name.ts'
import { parseDistinguishedName } from './name/parse.ts'
import { freezePeers, spiffeIdOf } from './parse-peer-identity.ts'
import { createPartialAltNames } from './partial-alt-names.ts'
import type { KnownAltNames } from './partial-alt-names.ts'
import type { PeerIdentity, SubjectAltNames } from './peer-identity.ts'
import { parseSpiffeId } from './spiffe-id.ts'
import { nearest } from './nearest.ts'

/**
 * What is known of a certificate without its bytes, usually from a gateway. A field that is missing or `undefined`
 * is unknown.
 */
export interface KnownIdentity {
  /** A name, or its RFC 4514 text. */
  readonly subject?: DistinguishedName | string | undefined
  readonly issuer?: DistinguishedName | string | undefined
  /** Complete lists by kind. A kind that is missing is unknown. */
  readonly subjectAltNames?: KnownAltNames | undefined
  /**
   * The SPIFFE ID, if the gateway vouches that it is an X.509-SVID's. If undefined, it is derived from
   * `subjectAltNames.uri` with a single entry.
   */
  readonly spiffeId?: string | undefined
  /** Hex digits; case, colons and leading zeros do not matter. */
  readonly serialNumber?: string | undefined
  /** Milliseconds since the epoch. */
  readonly notBefore?: number | undefined
  readonly notAfter?: number | undefined
  /** SHA-256 in 64 hex digits; case and colons do not matter. */
  readonly fingerprint256?: string | undefined
  readonly publicKey256?: string | undefined
  readonly extendedKeyUsage?: readonly string[] | undefined
  readonly policies?: readonly string[] | undefined
  readonly isCa?: boolean | undefined
  /** Default `forwarded`. */
  readonly source?: 'tls' | 'forwarded' | undefined
  readonly chain?: readonly PeerIdentity[] | undefined
  readonly via?: readonly PeerIdentity[] | undefined
}

const NAMING = ['subject', 'subjectAltNames', 'spiffeId', 'serialNumber', 'fingerprint256', 'publicKey256'] as const
const KEYS: readonly string[] = [
  ...NAMING,
  'issuer', 'notBefore', 'notAfter', 'extendedKeyUsage', 'policies', 'isCa', 'source', 'chain', 'via'
]

/**
 * Creates an identity without the certificate. It needs at least one of subject, subjectAltNames, spiffeId,
 * serialNumber, fingerprint256, publicKey256. A rule that needs an unknown field does not match.
 *
 * @param known what is known; every list must be complete
 * @throws MTLS_ERR_IDENTITY_OPTION for unknown options and wrong values
 * @throws MTLS_ERR_NAME_INVALID, MTLS_ERR_SPIFFE_ID_INVALID if a name or a SPIFFE ID cannot be parsed
 * @example
 * ```ts
 * const known = createPartialIdentity({ subject: 'CN=web,O=Example', subjectAltNames: { dns: ['web.example'] } })
 * console.log(known.commonName, known.issuer) // web undefined
 * console.log(known.subjectAltNames?.unknown) // [ 'uri', 'email', 'ip', … ]
 * ```
 */
export function createPartialIdentity (known: KnownIdentity): PeerIdentity {
  checkKeys(known)
  const subjectAltNames = altNamesOf(known)
  return createIdentity({
    subject: nameOf(known.subject, 'subject'),
    issuer: nameOf(known.issuer, 'issuer'),
    subjectAltNames,
    spiffeId: subjectAltNames === undefined || known.isCa === true ? undefined : spiffeIdOf(subjectAltNames),
    serialNumber: serialOf(known.serialNumber),
    notBefore: timeOf(known.notBefore, 'notBefore'),
    notAfter: timeOf(known.notAfter, 'notAfter'),
    fingerprint256: digestOf(known.fingerprint256, 'fingerprint256'),
    publicKey256: digestOf(known.publicKey256, 'publicKey256'),
    extendedKeyUsage: oidsOf(known.extendedKeyUsage, 'extendedKeyUsage'),
    policies: oidsOf(known.policies, 'policies'),
    isCa: expectOneOf(known.isCa, [true, false], 'isCa'),
    source: expectOneOf(known.source, ['tls', 'forwarded'], 'source') ?? 'forwarded',
    chain: known.chain === undefined ? undefined : freezePeers(known.chain, 'chain'),
    via: freezePeers(known.via ?? [], 'via'),
  }, undefined)
}

function checkKeys (known: KnownIdentity): void {
  if (typeof known !== 'object' || known === null) {
    refuse(`known is ${describeValue(known)}; expected an object`)
  }
  for (const key of Object.keys(known)) {
    if (!KEYS.includes(key)) refuse(`unknown option "${key}" for createPartialIdentity${nearest(key, KEYS)}`)
  }
  if (NAMING.every((key) => known[key] === undefined)) {
    refuse(`known has no name; expected at least one of ${NAMING.join(', ')}`)
  }
}

function altNamesOf ({ subjectAltNames, spiffeId, isCa }: KnownIdentity): SubjectAltNames | undefined {
  if (spiffeId === undefined) return subjectAltNames === undefined ? undefined : createPartialAltNames(subjectAltNames)
  if (parseSpiffeId(spiffeId).path === '') {
    refuse(`spiffeId is ${describeValue(spiffeId)}; expected an ID with a path, since a trust domain is not a leaf`)
  }
  if (isCa === true) refuse('isCa is true; expected false or undefined, since spiffeId belongs to a leaf')
  // A leaf with a SPIFFE ID has that URI and no other (X509-SVID section 2), so the list of URIs is known too.
  const uri = subjectAltNames?.uri ?? [spiffeId]
  if (!Array.isArray(uri) || uri.length !== 1 || uri[0] !== spiffeId) {
    refuse('subjectAltNames.uri does not match spiffeId; expected spiffeId as its only entry')
  }
  return createPartialAltNames({ ...subjectAltNames, uri })
}

function nameOf (name: DistinguishedName | string | undefined, key: string): DistinguishedName | undefined {
  if (typeof name === 'string') return parseDistinguishedName(name)
  if (name !== undefined && !isDistinguishedName(name)) {
    refuse(`${key} is ${describeValue(name)}; expected RFC 4514 text or a DistinguishedName`)
  }
  return name
}

function serialOf (serial: string | undefined): string | undefined {
  if (serial === undefined) return undefined
  const digits =
    typeof serial === 'string'
      ? serial
        .replaceAll(':', '')
        .replace(/^0+(?=.)/, '')
        .toLowerCase()
      : ''
  if (!/^[0-9a-f]{1,128}$/.test(digits)) {
    refuse(`serialNumber is ${describeValue(serial)}; expected up to 128 hex digits`)
  }
  return digits.length % 2 === 0 ? digits : `0${digits}`
}

function digestOf (digest: string | undefined, key: string): string | undefined {
  if (digest === undefined) return undefined
  const digits = typeof digest === 'string' ? digest.replaceAll(':', '').toLowerCase() : ''
  if (!/^[0-9a-f]{64}$/.test(digits)) {
    refuse(`${key} is ${describeValue(digest)}; expected a SHA-256 in 64 hex digits`)
  }
  return digits
}

function timeOf (time: number | undefined, key: string): number | undefined {
  if (time !== undefined && !Number.isSafeInteger(time)) {
    refuse(`${key} is ${describeValue(time)}; expected milliseconds since the epoch`)
  }
  return time
}

function oidsOf (oids: readonly string[] | undefined, key: string): readonly string[] | undefined {
  if (oids === undefined) return undefined
  if (!Array.isArray(oids)) refuse(`${key} is ${describeValue(oids)}; expected an array of OIDs`)
  for (const oid of oids) {
    if (typeof oid !== 'string' || !isObjectIdentifier(oid)) {
      refuse(`${key} has ${describeValue(oid)}; expected OIDs such as 1.3.6.1.5.5.7.3.2`)
    }
  }
  return Object.freeze([...oids])
}

function expectOneOf<T> (value: T | undefined, allowed: readonly T[], key: string): T | undefined {
  if (value !== undefined && !allowed.includes(value)) {
    refuse(`${key} is ${describeValue(value)}; expected ${allowed.map((one) => JSON.stringify(one)).join(' or ')}`)
  }
  return value
}

function refuse (detail: string): never {
  throw new MTLS_ERR_IDENTITY_OPTION(detail)
}
