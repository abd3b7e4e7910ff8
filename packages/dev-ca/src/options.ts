import { isObjectIdentifier } from '@peerkit/identity'
import { count, defineOptions, flag, list, text, valueOf } from '@peerkit/identity/internal'
import type { OptionTypes } from '@peerkit/identity/internal'
import { ENCODERS } from './certificate/distinguished-name.ts'
import { PURPOSES } from './certificate/extensions.ts'
import { DevCaOptionError } from './errors.ts'
import type { RevocationReason } from './revocation/sign-crl.ts'

/** The type of a key pair. */
export type KeyType = 'ec-p256' | 'ec-p384' | 'rsa-2048' | 'rsa-3072' | 'ed25519'

/** The ASN.1 string type of a name attribute. */
export type StringEncoding = 'utf8' | 'printable' | 'ia5' | 'bmp' | 't61' | 'universal'

/** One attribute of a relative distinguished name; `type` is a short name (`CN`) or a dotted OID. */
export interface NameAttributeOption {
  readonly type: string
  readonly value: string
  readonly encoding?: StringEncoding
}

/** A distinguished name in encoded order; a nested array is a multi-valued RDN. */
export type NameOption = ReadonlyArray<NameAttributeOption | readonly NameAttributeOption[]>

/** A certificate extension. */
export interface ExtensionOption {
  readonly oid: string
  readonly critical?: boolean
  /** The DER content of extnValue. */
  readonly value: Uint8Array
}

/** The lifetime of a certificate: `days` from `notBefore`, or until `notAfter`. */
export interface ValidityOptions {
  /** Days from `notBefore`. Default 7 for a leaf, 30 for a CA. */
  readonly days?: number
  /** Default: five minutes ago, for clocks that are a little slow. */
  readonly notBefore?: Date
  readonly notAfter?: Date
}

/** Options of a CA. */
export interface CaOptions extends ValidityOptions {
  /** Common name. Default `Peerkit development CA`. */
  readonly name?: string
  readonly subject?: NameOption
  /** Default `ec-p256`. */
  readonly key?: KeyType
  /** pathLenConstraint (RFC 5280 section 4.2.1.9). Default: none for a root, 0 for an intermediate. */
  readonly pathLength?: number
  /** Additional extensions. One with the OID of a generated extension replaces it. */
  readonly extensions?: readonly ExtensionOption[]
}

/** Options of a leaf. */
export interface IssueOptions extends ValidityOptions {
  /** Sets the extended key usage: `serverAuth`, `clientAuth` or both. Default `both`. */
  readonly profile?: 'server' | 'client' | 'both'
  readonly cn?: string
  readonly o?: string | readonly string[]
  readonly ou?: string | readonly string[]
  /** The whole subject. Replaces `cn`, `o` and `ou`. */
  readonly subject?: NameOption
  /** DNS names. The first label may be `*`. */
  readonly dns?: string | readonly string[]
  readonly ip?: string | readonly string[]
  readonly uri?: string | readonly string[]
  readonly spiffe?: string
  readonly email?: string | readonly string[]
  /** User principal names, as otherName SANs (1.3.6.1.4.1.311.20.2.3). */
  readonly upn?: string | readonly string[]
  readonly directoryName?: NameOption
  /** Default `ec-p256`. */
  readonly key?: KeyType
  /** Serial number in hexadecimal. Default: 16 random bytes. */
  readonly serialNumber?: string
  /** Certificate policy OIDs. */
  readonly policies?: readonly string[]
  /** URLs of CRLs (RFC 5280 section 4.2.1.13). */
  readonly crlUrls?: readonly string[]
  /** URLs of OCSP responders (RFC 5280 section 4.2.2.1). */
  readonly ocspUrls?: readonly string[]
  /** For tests: extended key usages by name or OID. Replaces those of `profile`. An empty list omits the extension. */
  readonly extendedKeyUsage?: readonly string[]
  /**
   * Whether names have to be names: `dns`, `uri`, `spiffe`, `email`, `upn`, `crlUrls`, `ocspUrls`, and text for `cn`,
   * `o` and `ou`. Default true: a wrong one is refused, and one outside of ASCII is encoded as A-labels
   * (`bücher.example` becomes `xn--bcher-kva.example`) or with percent signs. False, for tests: any text is encoded as
   * it is.
   */
  readonly checkNames?: boolean
  /** For tests: sets CA in basicConstraints. */
  readonly ca?: boolean
  /** Additional extensions. One with the OID of a generated extension replaces it. */
  readonly extensions?: readonly ExtensionOption[]
}

/** Options of `revoke`. */
export interface RevokeOptions {
  /** Default: no reason in the CRL. */
  readonly reason?: RevocationReason
  /** Default: now. */
  readonly date?: Date
}

/** Options of `crl`. */
export interface CrlOptions {
  /** Default: now. */
  readonly thisUpdate?: Date
  /** Default: seven days after `thisUpdate`. `null` omits it. */
  readonly nextUpdate?: Date | null
  /** The cRLNumber. Default: the last number plus one. */
  readonly number?: number
  /** Creates a delta CRL: only the certificates that were revoked since the complete CRL with this number, its base. */
  readonly deltaBase?: number
}

/** The result of `issue`. */
export interface IssuedCertificate {
  /** The leaf, PEM. */
  readonly cert: string
  /** The leaf and the intermediates, PEM. Use it as `cert`. */
  readonly chain: string
  /** The private key, PKCS#8 PEM. */
  readonly key: string
  /** The leaf, DER. */
  readonly der: Uint8Array
  /** Lower-case hexadecimal, as `PeerIdentity#serialNumber`. */
  readonly serialNumber: string
  /** The root, PEM. */
  readonly ca: string
}

const isText = (value: unknown): value is string => typeof value === 'string'
const listOf = (accepts: (value: unknown) => boolean) => (value: unknown): boolean => Array.isArray(value) &&
  value.every(accepts)
const isOid = (value: unknown): boolean => isText(value) && isObjectIdentifier(value)
// GeneralizedTime has a year of four digits (RFC 5280 section 4.1.2.5.2).
const isDate = (value: unknown): boolean => value instanceof Date &&
  value.getUTCFullYear() >= 0 &&
  value.getUTCFullYear() <= 9999
const isExtension = (value: unknown): boolean => {
  const { oid, critical, value: content } = Object(value)
  return isOid(oid) && content instanceof Uint8Array && ['boolean', 'undefined'].includes(typeof critical)
}
const isAttribute = (value: unknown): boolean => {
  const { type, value: content, encoding } = Object(value)
  return isText(type) && isText(content) && (encoding === undefined || ENCODINGS.includes(encoding))
}
const ENCODINGS: readonly unknown[] = Object.keys(ENCODERS)

const string = text('a string', true)
const texts = valueOf(
  'a string or a list of strings',
  (value) => isText(value) || listOf(isText)(value)
)
const date = valueOf('a valid Date up to the year 9999', isDate)
const extensions = valueOf(
  'a list of { oid, critical?, value } with a dotted OID and a Uint8Array',
  listOf(isExtension)
)
const name = valueOf(
  `a list of { type, value, encoding? }, or of lists of them, with an encoding of ${ENCODINGS.join(', ')}`,
  listOf((rdn) => Array.isArray(rdn) ? rdn.length > 0 && rdn.every(isAttribute) : isAttribute(rdn))
)

const VALIDITY: OptionTypes<ValidityOptions> = {
  days: valueOf('a number greater than 0', (value) => Number.isFinite(value) && (value as number) > 0),
  notBefore: date,
  notAfter: date
}
const CA: OptionTypes<CaOptions> = {
  ...VALIDITY, name: string, subject: name, key: string, pathLength: count(), extensions
}
const ISSUE: OptionTypes<IssueOptions> = {
  ...VALIDITY,
  profile: string,
  cn: string,
  o: texts,
  ou: texts,
  subject: name,
  dns: texts,
  ip: texts,
  uri: texts,
  spiffe: string,
  email: texts,
  upn: texts,
  directoryName: name,
  key: string,
  serialNumber: valueOf(
    '1 to 20 bytes greater than 0, in hexadecimal',
    (value) => isText(value) && /^([0-9a-f]{2}){1,20}$/i.test(value) && /[^0]/.test(value)
  ),
  policies: list('OIDs', valueOf('a dotted OID', isOid)),
  crlUrls: list('strings', string),
  ocspUrls: list('strings', string),
  extendedKeyUsage: list('OIDs and names of purposes', valueOf(
    `a dotted OID or one of ${Object.keys(PURPOSES).join(', ')}`,
    (value) => isOid(value) || Object.hasOwn(PURPOSES, String(value))
  )),
  checkNames: flag,
  ca: flag,
  extensions
}
const CRL: OptionTypes<CrlOptions> = {
  thisUpdate: date,
  nextUpdate: valueOf(`${date.expected}, or null`, (value) => value === null || isDate(value)),
  number: count(),
  deltaBase: count()
}
const REVOKE: OptionTypes<RevokeOptions> = { reason: string, date }

/** Each throws DevCaOptionError with the option, what was found and what was expected. */
export const checkCaOptions: (options: unknown) => void = defineOptions('createDevCa', DevCaOptionError, CA).check
export const checkIssueOptions: (options: unknown) => void = defineOptions('issue', DevCaOptionError, ISSUE).check
export const checkCrlOptions: (options: unknown) => void = defineOptions('crl', DevCaOptionError, CRL).check
export const checkRevokeOptions: (options: unknown) => void = defineOptions(
  'revoke', DevCaOptionError, REVOKE
).check
