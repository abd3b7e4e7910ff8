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

/** What a gateway told of a certificate it saw. What is left out or `undefined` is unknown. */
export interface KnownIdentity {
  /** A name, or its RFC 4514 text. */
  readonly subject?: DistinguishedName | string | undefined
  readonly issuer?: DistinguishedName | string | undefined
  /** Complete lists by type; a kind left out is unknown. */
  readonly subjectAltNames?: KnownAltNames | undefined
  /** Only what the gateway vouches for as an X.509-SVID's. Left out, it is derived from a known `uri` list of one. */
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
 * An identity of what is known without the certificate. It must say at least who is meant: one of subject, subjectAltNames, spiffeId, serialNumber,
 * fingerprint256, publicKey256. A rule that needs an unknown field does not match.
 *
 * @throws MTLS_ERR_IDENTITY_OPTION for unknown keys and wrong values; MTLS_ERR_NAME_INVALID, MTLS_ERR_SPIFFE_ID_INVALID for those texts
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
    refuse(`expected an object, found ${known === null ? 'null' : typeof known}`)
  }
  for (const key of Object.keys(known)) {
    if (!KEYS.includes(key)) refuse(`unknown key "${key}"${nearest(key, KEYS)}`)
  }
  if (NAMING.every((key) => known[key] === undefined)) refuse(`names nobody; expected one of ${NAMING.join(', ')}`)
}

function altNamesOf ({ subjectAltNames, spiffeId, isCa }: KnownIdentity): SubjectAltNames | undefined {
  if (spiffeId === undefined) return subjectAltNames === undefined ? undefined : createPartialAltNames(subjectAltNames)
  if (parseSpiffeId(spiffeId).path === '') {
    refuse("spiffeId: expected a path, found a bare trust domain, which is no leaf's")
  }
  if (isCa === true) refuse('spiffeId: a CA is no X.509-SVID leaf')
  // A leaf with a SPIFFE ID has that URI and no other (X509-SVID 2), so the URI list is known with it.
  const uri = subjectAltNames?.uri ?? [spiffeId]
  if (!Array.isArray(uri) || uri.length !== 1 || uri[0] !== spiffeId) {
    refuse('spiffeId: expected to be the only URI of subjectAltNames.uri')
  }
  return createPartialAltNames({ ...subjectAltNames, uri })
}

function nameOf (name: DistinguishedName | string | undefined, key: string): DistinguishedName | undefined {
  if (typeof name === 'string') return parseDistinguishedName(name)
  if (name !== undefined && !isDistinguishedName(name)) refuse(`${key}: expected RFC 4514 text or a DistinguishedName`)
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
    refuse(`serialNumber: expected up to 128 hex digits, found ${describe(serial)}`)
  }
  return digits.length % 2 === 0 ? digits : `0${digits}`
}

function digestOf (digest: string | undefined, key: string): string | undefined {
  if (digest === undefined) return undefined
  const digits = typeof digest === 'string' ? digest.replaceAll(':', '').toLowerCase() : ''
  if (!/^[0-9a-f]{64}$/.test(digits)) refuse(`${key}: expected a SHA-256 in 64 hex digits, found ${describe(digest)}`)
  return digits
}

function timeOf (time: number | undefined, key: string): number | undefined {
  if (time !== undefined && !Number.isSafeInteger(time)) {
    refuse(`${key}: expected milliseconds since the epoch, found ${describe(time)}`)
  }
  return time
}

function oidsOf (oids: readonly string[] | undefined, key: string): readonly string[] | undefined {
  if (oids === undefined) return undefined
  if (!Array.isArray(oids)) refuse(`${key}: expected an array of OIDs, found ${describe(oids)}`)
  for (const oid of oids) {
    if (typeof oid !== 'string' || !isObjectIdentifier(oid)) {
      refuse(`${key}: expected OIDs such as 1.3.6.1.5.5.7.3.2, found ${describe(oid)}`)
    }
  }
  return Object.freeze([...oids])
}

function expectOneOf<T> (value: T | undefined, allowed: readonly T[], key: string): T | undefined {
  if (value !== undefined && !allowed.includes(value)) {
    refuse(`${key}: expected ${allowed.map((one) => JSON.stringify(one)).join(' or ')}, found ${describe(value)}`)
  }
  return value
}

function describe (value: unknown): string {
  return typeof value === 'string'
    ? JSON.stringify(value.slice(0, 80))
    : typeof value === 'object'
      ? 'an object'
      : String(value)
}

function refuse (detail: string): never {
  throw new MTLS_ERR_IDENTITY_OPTION(detail)
}
