import { isObjectIdentifier } from './der/object-identifier.ts'
import { IdentityOptionError } from './errors.ts'
import { createIdentity } from './identity.ts'
import { anything, choice, flag, list, text, valueOf } from './internal/option-values.ts'
import { defineOptions, wrongValue } from './internal/options.ts'
import { isDistinguishedName } from './name/distinguished-name.ts'
import type { DistinguishedName } from './name/distinguished-name.ts'
import { parseDistinguishedName } from './name/parse.ts'
import { PEERS, freezePeers } from './parse-peer-identity.ts'
import type { PeerIdentity, SubjectAltNames } from './peer-identity.ts'
import { parseSpiffeId, spiffeIdOf } from './spiffe-id.ts'
import { createPartialAltNames } from './subject-alt-names.ts'
import type { KnownAltNames } from './subject-alt-names.ts'
import { KEY_USAGE, listKeyUsage } from './x509/extensions.ts'
import type { KeyUsage } from './x509/extensions.ts'

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
  /** Names of RFC 5280 section 4.2.1.3, such as `digitalSignature`. */
  readonly keyUsage?: readonly KeyUsage[] | undefined
  readonly isCa?: boolean | undefined
  /** Default `forwarded`. */
  readonly source?: 'tls' | 'forwarded' | undefined
  readonly chain?: readonly PeerIdentity[] | undefined
  readonly via?: readonly PeerIdentity[] | undefined
}

const NAMING = ['subject', 'subjectAltNames', 'spiffeId', 'serialNumber', 'fingerprint256', 'publicKey256'] as const
const NAME = valueOf('RFC 4514 text or a DistinguishedName', (value) => typeof value === 'string' ||
  isDistinguishedName(value))
const DIGEST = valueOf('a SHA-256 in 64 hex digits', (value) => typeof value === 'string' &&
  /^[0-9a-f]{64}$/i.test(value.replaceAll(':', '')))
const TIME = valueOf('milliseconds since the epoch', Number.isSafeInteger)
const OIDS = list(
  'OIDs', valueOf('an OID such as 1.3.6.1.5.5.7.3.2', (oid) => typeof oid === 'string' && isObjectIdentifier(oid))
)
const OPTIONS = defineOptions<KnownIdentity>('createPartialIdentity', IdentityOptionError, {
  subject: NAME,
  issuer: NAME,
  subjectAltNames: anything,
  spiffeId: text('a SPIFFE ID', true),
  serialNumber: valueOf('up to 128 hex digits', (value) => typeof value === 'string' &&
    /^[0-9a-f]{1,128}$/.test(serialDigits(value))),
  notBefore: TIME,
  notAfter: TIME,
  fingerprint256: DIGEST,
  publicKey256: DIGEST,
  extendedKeyUsage: OIDS,
  policies: OIDS,
  keyUsage: list('key usages', choice(...Object.keys(KEY_USAGE))),
  isCa: flag,
  source: choice('tls', 'forwarded'),
  chain: PEERS,
  via: PEERS
})

/**
 * Creates an identity without the certificate. It needs at least one of subject, subjectAltNames, spiffeId,
 * serialNumber, fingerprint256, publicKey256. A rule that needs an unknown field does not match.
 *
 * @param known what is known; every list must be complete
 * @throws IdentityOptionError for unknown options and wrong values
 * @throws NameInvalidError, SpiffeIdInvalidError if a name or a SPIFFE ID cannot be parsed
 * @example
 * ```ts
 * const known = createPartialIdentity({ subject: 'CN=web,O=Example', subjectAltNames: { dns: ['web.example'] } })
 * console.log(known.commonName, known.issuer) // web undefined
 * console.log(known.subjectAltNames?.unknown) // [ 'uri', 'email', 'ip', … ]
 * ```
 */
export function createPartialIdentity (known: KnownIdentity): PeerIdentity {
  checkKnown(known)
  const subjectAltNames = altNamesOf(known)
  return createIdentity({
    subject: nameOf(known.subject),
    issuer: nameOf(known.issuer),
    subjectAltNames,
    spiffeId: subjectAltNames === undefined || known.isCa === true ? undefined : spiffeIdOf(subjectAltNames),
    serialNumber: serialOf(known.serialNumber),
    notBefore: known.notBefore,
    notAfter: known.notAfter,
    fingerprint256: digestOf(known.fingerprint256),
    publicKey256: digestOf(known.publicKey256),
    extendedKeyUsage: oidsOf(known.extendedKeyUsage),
    policies: oidsOf(known.policies),
    keyUsage: known.keyUsage && listKeyUsage(known.keyUsage.reduce((bits, name) => bits | KEY_USAGE[name], 0)),
    isCa: known.isCa,
    source: known.source ?? 'forwarded',
    chain: known.chain === undefined ? undefined : freezePeers(known.chain),
    via: freezePeers(known.via ?? []),
  }, undefined)
}

function checkKnown (known: KnownIdentity): void {
  OPTIONS.check(known)
  if (NAMING.every((key) => known[key] === undefined)) {
    throw new IdentityOptionError(`known has no name; expected at least one of ${NAMING.join(', ')}`)
  }
}

function altNamesOf ({ subjectAltNames, spiffeId, isCa }: KnownIdentity): SubjectAltNames | undefined {
  if (spiffeId === undefined) return subjectAltNames === undefined ? undefined : createPartialAltNames(subjectAltNames)
  if (parseSpiffeId(spiffeId).path === '') {
    refuse('spiffeId', spiffeId, 'an ID with a path, since a trust domain is not a leaf')
  }
  if (isCa === true) refuse('isCa', isCa, 'false or undefined, since spiffeId belongs to a leaf')
  // A leaf with a SPIFFE ID has that URI and no other (X509-SVID section 2), so the list of URIs is known too.
  const uri = subjectAltNames?.uri ?? [spiffeId]
  if (!Array.isArray(uri) || uri.length !== 1 || uri[0] !== spiffeId) {
    refuse('subjectAltNames.uri', uri, 'spiffeId as its only entry')
  }
  return createPartialAltNames({ ...subjectAltNames, uri })
}

function nameOf (name: DistinguishedName | string | undefined): DistinguishedName | undefined {
  return typeof name === 'string' ? parseDistinguishedName(name) : name
}

function serialOf (serial: string | undefined): string | undefined {
  if (serial === undefined) return undefined
  const digits = serialDigits(serial)
  return digits.length % 2 === 0 ? digits : `0${digits}`
}

function serialDigits (serial: string): string {
  return serial.replaceAll(':', '').replace(/^0+(?=.)/, '').toLowerCase()
}

function digestOf (digest: string | undefined): string | undefined {
  return digest?.replaceAll(':', '').toLowerCase()
}

function oidsOf (oids: readonly string[] | undefined): readonly string[] | undefined {
  return oids === undefined ? undefined : Object.freeze([...oids])
}

function refuse (path: string, value: unknown, expected: string): never {
  throw wrongValue(IdentityOptionError, path, value, expected)
}
