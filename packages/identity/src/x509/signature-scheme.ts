import type { DerElement } from '../der/element.ts'
import { decodeSmallInteger } from '../der/primitives.ts'
import { DerReader } from '../der/reader.ts'
import { TAG } from '../der/tags.ts'
import { readAlgorithm } from './algorithm.ts'
import type { AlgorithmIdentifier } from './algorithm.ts'

/** The types of public keys that make the signatures accepted here, as `KeyObject#asymmetricKeyType` names them. */
export type SigningKeyType = 'rsa' | 'rsa-pss' | 'ec' | 'ed25519' | 'ed448'

/** How a signature is made, as its AlgorithmIdentifier says. */
export interface SignatureScheme {
  readonly keyTypes: readonly SigningKeyType[]
  /** null: the scheme hashes by itself (EdDSA). */
  readonly hash: string | null
  /** Of RSASSA-PSS: octets of salt. */
  readonly saltLength?: number
}

const rsa = ['rsa'] as const
const ec = ['ec'] as const

// MD5 and SHA-1 are left out for good: a collision makes two certificates, or two CRLs, of one signature (RFC 6151, RFC 6194 section 3; CVE-2004-2761). So is DSA.
const SCHEMES: ReadonlyMap<string, SignatureScheme> = new Map<string, SignatureScheme>([
  ['1.2.840.113549.1.1.11', { keyTypes: rsa, hash: 'sha256' }],
  ['1.2.840.113549.1.1.12', { keyTypes: rsa, hash: 'sha384' }],
  ['1.2.840.113549.1.1.13', { keyTypes: rsa, hash: 'sha512' }],
  ['1.2.840.10045.4.3.2', { keyTypes: ec, hash: 'sha256' }],
  ['1.2.840.10045.4.3.3', { keyTypes: ec, hash: 'sha384' }],
  ['1.2.840.10045.4.3.4', { keyTypes: ec, hash: 'sha512' }],
  ['1.3.101.112', { keyTypes: ['ed25519'], hash: null }],
  ['1.3.101.113', { keyTypes: ['ed448'], hash: null }],
])
const RSA_PSS = '1.2.840.113549.1.1.10'
const MGF1 = '1.2.840.113549.1.1.8'
const HASHES: ReadonlyMap<string, string> = new Map([['2.16.840.1.101.3.4.2.1', 'sha256'], ['2.16.840.1.101.3.4.2.2', 'sha384'], ['2.16.840.1.101.3.4.2.3', 'sha512']])
const MAX_SALT = 512

/** The scheme of the AlgorithmIdentifier of a certificate, a CRL or an OCSP response; undefined for one that is not accepted. @throws MTLS_ERR_DER_INVALID */
export function readSignatureScheme ({ oid, parameters }: AlgorithmIdentifier): SignatureScheme | undefined {
  if (oid === RSA_PSS) return parameters === undefined ? undefined : readPss(parameters)
  const scheme = SCHEMES.get(oid)
  // RFC 4055 section 5: NULL for RSA, and absent ones are accepted. RFC 5758 section 3.2 and RFC 8410 section 3: none.
  const allowed = parameters === undefined || (scheme?.keyTypes === rsa && parameters.length === 2 && parameters[0] === TAG.null)
  return allowed ? scheme : undefined
}

/** RSASSA-PSS-params (RFC 4055 section 3.1). Every default is SHA-1, so the hashes have to be there; both the same, as all makers have it. */
function readPss (parameters: Uint8Array): SignatureScheme | undefined {
  const outer = new DerReader(parameters)
  const reader = outer.enter(TAG.sequence)
  outer.finish()
  const hash = readHash(parameters, optionalInside(reader, 0xa0))
  const mask = optionalInside(reader, 0xa1)
  const salt = reader.optional(0xa2)
  const trailer = reader.optional(0xa3)
  reader.finish()
  if (hash === undefined || mask === undefined || readMaskHash(parameters, mask) !== hash) return undefined
  if (trailer !== undefined && readNumber(reader, trailer) !== 1) return undefined
  const saltLength = salt === undefined ? 20 : readNumber(reader, salt)
  return saltLength > MAX_SALT ? undefined : { keyTypes: ['rsa', 'rsa-pss'], hash, saltLength }
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
