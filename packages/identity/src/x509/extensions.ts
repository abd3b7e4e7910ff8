import { decodeObjectIdentifier } from '../der/object-identifier.ts'
import { TAG, decodeBitString, decodeBoolean, decodeSmallInteger } from '../der/primitives.ts'
import { DerReader, checkWellFormed, enterOnly, expectOnly } from '../der/reader.ts'
import { malformed } from '../errors.ts'

const oids = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  issuerAltName: '2.5.29.18',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  reasonCode: '2.5.29.21',
  invalidityDate: '2.5.29.24',
  deltaCrlIndicator: '2.5.29.27',
  issuingDistributionPoint: '2.5.29.28',
  certificateIssuer: '2.5.29.29',
  nameConstraints: '2.5.29.30',
  crlDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  policyMappings: '2.5.29.33',
  authorityKeyIdentifier: '2.5.29.35',
  policyConstraints: '2.5.29.36',
  extendedKeyUsage: '2.5.29.37',
  freshestCrl: '2.5.29.46',
  inhibitAnyPolicy: '2.5.29.54',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
} as const

/** OIDs of the extensions of RFC 5280 4.2, and of the CRL's of 5.2 and 5.3. */
export const EXTENSION: typeof oids = Object.freeze(oids)

/** One extension of a certificate or CRL. */
export interface Extension {
  readonly critical: boolean
  /** The content of its OCTET STRING, a view. */
  readonly value: Uint8Array
  /** Offset of `value` in the bytes it was read from. */
  readonly offset: number
}

/** Reads the extensions at the end of a TBSCertificate, if there are any. */
export function readExtensions (tbs: DerReader, version: number): ReadonlyMap<string, Extension> {
  const explicit = tbs.optional(0xa3)
  if (explicit === undefined) return new Map()
  if (version !== 3) malformed('version_invalid', explicit.start, `extensions in version ${version}`)
  const reader = tbs.inside(explicit)
  const list = reader.enter(TAG.sequence)
  reader.finish()
  return readExtensionList(list)
}

/**
 * Reads the extensions in `list`, the content of an Extensions SEQUENCE (RFC 5280 section 4.2): at least one, and
 * none twice. With duplicates, a reader of the first and a reader of the last would see different certificates. An
 * encoded `critical FALSE` is not DER, but accepted: even the example certificate of RFC 8410 has it.
 *
 * @throws DerInvalidError
 * @example
 * ```ts
 * const der = Buffer.from('301e300c0603551d130101ff04023000300e0603551d0f0101ff040403020780', 'hex')
 * const list = new DerReader(der).enter(TAG.sequence)
 * console.log([...readExtensionList(list).keys()]) // [ '2.5.29.19', '2.5.29.15' ]
 * ```
 */
export function readExtensionList (list: DerReader): Map<string, Extension> {
  if (list.done) malformed('extension_invalid', list.offset, 'no extensions')
  const extensions = new Map<string, Extension>()
  while (!list.done) {
    const reader = list.enter(TAG.sequence)
    const oidElement = reader.expect(TAG.objectIdentifier)
    const oid = decodeObjectIdentifier(list.bytes, oidElement.contentStart, oidElement.end)
    if (extensions.has(oid)) malformed('extension_duplicate', oidElement.start, oid)
    const flag = reader.optional(TAG.boolean)
    const critical = flag !== undefined && decodeBoolean(list.bytes, flag.contentStart, flag.end)
    const value = reader.expect(TAG.octetString)
    reader.finish()
    extensions.set(oid, {
      critical,
      value: list.bytes.subarray(value.contentStart, value.end),
      offset: value.contentStart
    })
  }
  return extensions
}

/** basicConstraints (RFC 5280 4.2.1.9). */
export interface BasicConstraints {
  readonly ca: boolean
  readonly pathLength: number | undefined
}

/**
 * Reads the basicConstraints that fill `[start, end)`. An explicit `cA FALSE` is not DER, but very common in leaves,
 * and is accepted.
 *
 * @throws DerInvalidError
 * @example
 * ```ts
 * const extension = readCertificate(ca.der).extensions.get(EXTENSION.basicConstraints)
 * if (extension !== undefined) console.log(readBasicConstraints(extension.value).ca) // true
 * ```
 */
export function readBasicConstraints (bytes: Uint8Array, start = 0, end: number = bytes.length): BasicConstraints {
  const reader = enterOnly(bytes, start, end)
  const ca = reader.optional(TAG.boolean)
  const pathLength = reader.optional(TAG.integer)
  reader.finish()
  return {
    ca: ca !== undefined && decodeBoolean(bytes, ca.contentStart, ca.end),
    pathLength:
      pathLength === undefined
        ? undefined
        : decodeSmallInteger(bytes, pathLength.contentStart, pathLength.end, 0x7fffffff)
  }
}

const keyUsage = {
  digitalSignature: 1,
  nonRepudiation: 2,
  keyEncipherment: 4,
  dataEncipherment: 8,
  keyAgreement: 16,
  keyCertSign: 32,
  cRLSign: 64,
  encipherOnly: 128,
  decipherOnly: 256
} as const

/** The name of a key usage, as in RFC 5280 section 4.2.1.3. */
export type KeyUsage = keyof typeof keyUsage

/** Bits of keyUsage (RFC 5280 section 4.2.1.3) as `readKeyUsage` returns them: bit n of the BIT STRING is `1 << n`. */
export const KEY_USAGE: typeof keyUsage = Object.freeze(keyUsage)

/**
 * Reads the keyUsage that fills `[start, end)`, as a sum of `KEY_USAGE` bits; undefined bits are left out.
 *
 * @throws DerInvalidError
 * @example
 * ```ts
 * const extension = readCertificate(ca.der).extensions.get(EXTENSION.keyUsage)
 * if (extension !== undefined) console.log((readKeyUsage(extension.value) & KEY_USAGE.keyCertSign) !== 0) // true
 * ```
 */
export function readKeyUsage (bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  const element = expectOnly(bytes, start, end, TAG.bitString)
  const bits = decodeBitString(bytes, element.contentStart, element.end)
  let usage = 0
  for (let n = 0; n < 9 && bits.start + (n >> 3) < bits.end; n++) {
    if (((bytes[bits.start + (n >> 3)] as number) & (0x80 >> (n & 7))) !== 0) usage |= 1 << n
  }
  return usage
}

const USAGES = Object.keys(keyUsage) as readonly KeyUsage[]
const listsOfUsages = new Map<number, readonly KeyUsage[]>()

/** The names of the bits that `readKeyUsage` returns. Certificates with the same bits share one frozen list. */
export function listKeyUsage (bits: number): readonly KeyUsage[] {
  let list = listsOfUsages.get(bits)
  if (list === undefined) {
    list = Object.freeze(USAGES.filter((name) => (bits & keyUsage[name]) !== 0))
    listsOfUsages.set(bits, list)
  }
  return list
}

/**
 * Reads the purposes of an extKeyUsage (RFC 5280 section 4.2.1.12) that fills `[start, end)`, in order.
 *
 * @throws DerInvalidError
 * @example
 * ```ts
 * const extension = readCertificate(client.der).extensions.get(EXTENSION.extendedKeyUsage)
 * if (extension !== undefined) console.log(readExtendedKeyUsage(extension.value)) // [ '1.3.6.1.5.5.7.3.2' ]
 * ```
 */
export function readExtendedKeyUsage (bytes: Uint8Array, start = 0, end: number = bytes.length): string[] {
  const reader = enterOnly(bytes, start, end)
  if (reader.done) malformed('extension_invalid', start, 'no key purposes')
  const purposes: string[] = []
  while (!reader.done) {
    const oid = reader.expect(TAG.objectIdentifier)
    purposes.push(decodeObjectIdentifier(bytes, oid.contentStart, oid.end))
  }
  return purposes
}

/**
 * Reads the policies of a certificatePolicies (RFC 5280 section 4.2.1.4) that fills `[start, end)`, in order, each
 * once.
 *
 * @throws DerInvalidError
 * @example
 * ```ts
 * const { der } = await ca.issue({ policies: ['1.3.6.1.4.1.99999.1'] })
 * const extension = readCertificate(der).extensions.get(EXTENSION.certificatePolicies)
 * if (extension !== undefined) console.log(readCertificatePolicies(extension.value)) // [ '1.3.6.1.4.1.99999.1' ]
 * ```
 */
export function readCertificatePolicies (bytes: Uint8Array, start = 0, end: number = bytes.length): string[] {
  const reader = enterOnly(bytes, start, end)
  if (reader.done) malformed('extension_invalid', start, 'no policies')
  const policies = new Set<string>()
  while (!reader.done) {
    const policy = reader.enter(TAG.sequence)
    const oid = policy.expect(TAG.objectIdentifier)
    const id = decodeObjectIdentifier(bytes, oid.contentStart, oid.end)
    if (policies.has(id)) malformed('extension_invalid', oid.start, `policy ${id} twice`)
    policies.add(id)
    const qualifiers = policy.optional(TAG.sequence)
    policy.finish()
    if (qualifiers !== undefined) checkWellFormed(bytes, qualifiers.contentStart, qualifiers.end)
  }
  return [...policies]
}
