import { decodeObjectIdentifier } from '../der/object-identifier.ts'
import { TAG, decodeSmallInteger } from '../der/primitives.ts'
import { DerReader, checkWellFormed, enterOnly } from '../der/reader.ts'
import type { DerElement } from '../der/reader.ts'

/** An AlgorithmIdentifier (RFC 5280 4.1.1.2). */
export interface AlgorithmIdentifier {
  readonly oid: string
  /** The encoded parameters, a view; `undefined` if absent. */
  readonly parameters: Uint8Array | undefined
  /** The whole element, a view. */
  readonly raw: Uint8Array
}

/**
 * Reads the AlgorithmIdentifier at `element`. @throws DerInvalidError
 *
 * @example
 * ```ts
 * const { raw } = readCertificate(client.der).signatureAlgorithm
 * console.log(readAlgorithm(raw, readElement(raw, 0)).oid) // 1.2.840.10045.4.3.2: ECDSA with SHA-256
 * ```
 */
export function readAlgorithm (bytes: Uint8Array, element: DerElement): AlgorithmIdentifier {
  const reader = new DerReader(bytes, element.contentStart, element.end)
  const oid = reader.expect(TAG.objectIdentifier)
  const parameters = reader.done ? undefined : reader.next()
  reader.finish()
  if (parameters !== undefined) checkWellFormed(bytes, parameters.start, parameters.end)
  return {
    oid: decodeObjectIdentifier(bytes, oid.contentStart, oid.end),
    parameters: parameters === undefined ? undefined : bytes.subarray(parameters.start, parameters.end),
    raw: bytes.subarray(element.start, element.end),
  }
}

/** The ML-DSA parameter sets (FIPS 204). */
type MlDsa = 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87'
/** The SLH-DSA parameter sets (FIPS 205). */
type SlhDsa = `slh-dsa-${'sha2' | 'shake'}-${128 | 192 | 256}${'s' | 'f'}`

/** The types of public keys of the supported signatures, as in `KeyObject#asymmetricKeyType`. */
export type SigningKeyType = 'rsa' | 'rsa-pss' | 'ec' | 'ed25519' | 'ed448' | 'dsa' | MlDsa | SlhDsa

/** A signature algorithm with its parameters. */
export interface SignatureScheme {
  /**
   * Name for policies and messages, in lower case: `rsa-sha256`, `rsa-pss-sha256`, `ecdsa-sha3-384`, `ed25519`,
   * `ml-dsa-65`, `slh-dsa-sha2-128s`, `dsa-sha256`, … The name `rsa-pss-…` does not include the salt length.
   */
  readonly name: string
  readonly keyTypes: readonly SigningKeyType[]
  /** Name of the hash for `createVerify`. null: the scheme hashes by itself (EdDSA, ML-DSA, SLH-DSA). */
  readonly hash: string | null
  /** Only for RSASSA-PSS: length of the salt, in bytes. */
  readonly saltLength?: number
}

/** Schemes that are only accepted if enabled. */
export interface SignatureSchemeOptions {
  /** Whether to accept DSA with SHA-2. Default false: FIPS 186-5 does not allow new signatures with it. */
  readonly dsa?: boolean
}

const HASHES: ReadonlyMap<string, string> = new Map([
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
  ['2.16.840.1.101.3.4.2.4', 'sha224'],
  ['2.16.840.1.101.3.4.2.5', 'sha512-224'],
  ['2.16.840.1.101.3.4.2.6', 'sha512-256'],
  ['2.16.840.1.101.3.4.2.7', 'sha3-224'],
  ['2.16.840.1.101.3.4.2.8', 'sha3-256'],
  ['2.16.840.1.101.3.4.2.9', 'sha3-384'],
  ['2.16.840.1.101.3.4.2.10', 'sha3-512'],
])
const RSA_PSS = '1.2.840.113549.1.1.10'
const MGF1 = '1.2.840.113549.1.1.8'
const MAX_SALT = 512

const rsa = ['rsa'] as const
const pss = ['rsa', 'rsa-pss'] as const
const NIST_SIGNATURES = '2.16.840.1.101.3.4.3'

// MD5 and SHA-1 are never accepted: with a collision, one signature is valid for two certificates or CRLs
// (RFC 6151, RFC 6194 section 3; CVE-2004-2761).
const SCHEMES: ReadonlyMap<string, SignatureScheme> = new Map<string, SignatureScheme>([
  // RFC 4055 section 5, RFC 8017 appendix A.2.4; SHA-3: NIST's register of algorithms.
  ...hashed('rsa', rsa, '1.2.840.113549.1.1', { 11: 'sha256', 12: 'sha384', 13: 'sha512', 14: 'sha224' }),
  ...hashed('rsa', rsa, '1.2.840.113549.1.1', { 15: 'sha512-224', 16: 'sha512-256' }),
  ...hashed('rsa', rsa, NIST_SIGNATURES, { 13: 'sha3-224', 14: 'sha3-256', 15: 'sha3-384', 16: 'sha3-512' }),
  // RFC 5758 section 3.2
  ...hashed('ecdsa', ['ec'], '1.2.840.10045.4.3', { 1: 'sha224', 2: 'sha256', 3: 'sha384', 4: 'sha512' }),
  ...hashed('ecdsa', ['ec'], NIST_SIGNATURES, { 9: 'sha3-224', 10: 'sha3-256', 11: 'sha3-384', 12: 'sha3-512' }),
  // RFC 8410, RFC 9881, RFC 9909
  ...whole('1.3.101', 112, ['ed25519', 'ed448']),
  ...whole(NIST_SIGNATURES, 17, ['ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87']),
  ...whole(NIST_SIGNATURES, 20, ['slh-dsa-sha2-128s', 'slh-dsa-sha2-128f', 'slh-dsa-sha2-192s', 'slh-dsa-sha2-192f']),
  ...whole(NIST_SIGNATURES, 24, ['slh-dsa-sha2-256s', 'slh-dsa-sha2-256f', 'slh-dsa-shake-128s', 'slh-dsa-shake-128f']),
  ...whole(NIST_SIGNATURES, 28, ['slh-dsa-shake-192s', 'slh-dsa-shake-192f']),
  ...whole(NIST_SIGNATURES, 30, ['slh-dsa-shake-256s', 'slh-dsa-shake-256f']),
])

// RFC 5758 section 3.1. DSA with SHA-1 is not accepted, like all of SHA-1.
const DSA_SCHEMES: ReadonlyMap<string, SignatureScheme> = new Map(
  hashed('dsa', ['dsa'], NIST_SIGNATURES, { 1: 'sha224', 2: 'sha256', 3: 'sha384', 4: 'sha512' }))

/** The names of all schemes, including those that must be enabled. */
export const SIGNATURE_SCHEME_NAMES: ReadonlySet<string> = new Set([
  ...[...SCHEMES.values(), ...DSA_SCHEMES.values()].map(({ name }) => name),
  ...[...HASHES.values()].map((hash) => `rsa-pss-${hash}`)
])

/**
 * Reads the scheme of the AlgorithmIdentifier of a certificate, a CRL or an OCSP response; undefined if it is not
 * accepted.
 *
 * @throws DerInvalidError
 * @example
 * ```ts
 * const { signatureAlgorithm } = readCertificate(client.der)
 * console.log(readSignatureScheme(signatureAlgorithm)?.name) // ecdsa-sha256
 * ```
 */
export function readSignatureScheme (
  { oid, parameters }: AlgorithmIdentifier, { dsa = false }: SignatureSchemeOptions = {}
): SignatureScheme | undefined {
  if (oid === RSA_PSS) return parameters === undefined ? undefined : readPss(parameters)
  const scheme = SCHEMES.get(oid) ?? (dsa ? DSA_SCHEMES.get(oid) : undefined)
  // For RSA, NULL and absent parameters are accepted (RFC 4055 section 5). All others have none.
  const allowed =
    parameters === undefined || (scheme?.keyTypes === rsa && parameters.length === 2 && parameters[0] === TAG.null)
  return allowed ? scheme : undefined
}

/** Schemes of one kind of key that differ in the hash, by the last arc of their OIDs. */
function hashed (
  prefix: string, keyTypes: readonly SigningKeyType[], arc: string, hashes: Readonly<Record<number, string>>
): [string, SignatureScheme][] {
  return Object.entries(hashes).map(([last, hash]) =>
    [`${arc}.${last}`, Object.freeze({ name: `${prefix}-${hash}`, keyTypes, hash })])
}

/** Schemes that hash by themselves, with the names of their keys and consecutive OIDs. */
function whole (arc: string, first: number, types: readonly SigningKeyType[]): [string, SignatureScheme][] {
  return types.map((type, index) =>
    [`${arc}.${first + index}`, Object.freeze({ name: type, keyTypes: Object.freeze([type]), hash: null })])
}

/**
 * RSASSA-PSS-params (RFC 4055 section 3.1). Every default is SHA-1, so both hashes must be present. They must be the
 * same, as in all known implementations.
 */
function readPss (parameters: Uint8Array): SignatureScheme | undefined {
  const reader = enterOnly(parameters, 0, parameters.length)
  const hash = readHash(parameters, optionalInside(reader, 0xa0))
  const mask = optionalInside(reader, 0xa1)
  const salt = reader.optional(0xa2)
  const trailer = reader.optional(0xa3)
  reader.finish()
  if (hash === undefined || mask === undefined || readMaskHash(parameters, mask) !== hash) return undefined
  if (trailer !== undefined && readNumber(reader, trailer) !== 1) return undefined
  const saltLength = salt === undefined ? 20 : readNumber(reader, salt)
  return saltLength > MAX_SALT ? undefined : { name: `rsa-pss-${hash}`, keyTypes: pss, hash, saltLength }
}

function optionalInside (reader: DerReader, tag: number): DerElement | undefined {
  const element = reader.optional(tag)
  if (element === undefined) return undefined
  const inside = reader.inside(element)
  const algorithm = inside.expect(TAG.sequence)
  inside.finish()
  return algorithm
}

function readHash (bytes: Uint8Array, element: DerElement | undefined): string | undefined {
  return element === undefined ? undefined : HASHES.get(readAlgorithm(bytes, element).oid)
}

function readMaskHash (bytes: Uint8Array, element: DerElement): string | undefined {
  const { oid, parameters } = readAlgorithm(bytes, element)
  if (oid !== MGF1 || parameters === undefined) return undefined
  return readHash(parameters, new DerReader(parameters).expect(TAG.sequence))
}

function readNumber (reader: DerReader, explicit: DerElement): number {
  const inside = reader.inside(explicit)
  const element = inside.expect(TAG.integer)
  inside.finish()
  return decodeSmallInteger(reader.bytes, element.contentStart, element.end, 0xffff)
}
