import { decodeBitString, decodeObjectIdentifier, DerReader, TAG } from '@peerkit/identity/der'
import { readAlgorithm } from '@peerkit/identity/x509'
import type { SigningKeyType } from '@peerkit/identity/x509'

/** The kind of a public key, read without the cost of parsing the key in OpenSSL. */
export interface PublicKeyKind {
  readonly type: SigningKeyType | 'unknown'
  /** For elliptic curves: the name in `node:crypto`. Undefined for unsupported curves. */
  readonly curve: string | undefined
  /** For RSA and RSA-PSS: the bits of the modulus. */
  readonly bits: number | undefined
  /** Why the key cannot be used under any policy. */
  readonly flaw: string | undefined
}

const NIST = '2.16.840.1.101.3.4.3.'
const SLH_DSA = [
  'sha2-128s', 'sha2-128f', 'sha2-192s', 'sha2-192f', 'sha2-256s', 'sha2-256f',
  'shake-128s', 'shake-128f', 'shake-192s', 'shake-192f', 'shake-256s', 'shake-256f'
] as const

const TYPES: ReadonlyMap<string, SigningKeyType> = new Map<string, SigningKeyType>([
  ['1.2.840.113549.1.1.1', 'rsa'], ['1.2.840.113549.1.1.10', 'rsa-pss'],
  ['1.2.840.10045.2.1', 'ec'], ['1.2.840.10040.4.1', 'dsa'],
  ['1.3.101.112', 'ed25519'], ['1.3.101.113', 'ed448'],
  [`${NIST}17`, 'ml-dsa-44'], [`${NIST}18`, 'ml-dsa-65'], [`${NIST}19`, 'ml-dsa-87'],
  ...SLH_DSA.map((name, index) => [`${NIST}${20 + index}`, `slh-dsa-${name}`] as const)
])

/** OpenSSL does not verify signatures with a longer modulus. */
const MAX_RSA_BITS = 16_384
/** Exponents of more than 32 bits make verification slow and are not used in practice. */
const MAX_EXPONENT_OCTETS = 5

/**
 * Reads the kind of a key from its SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7). The algorithm policy decides
 * whether the key is strong enough.
 *
 * @throws DerInvalidError
 */
export function readPublicKeyKind (subjectPublicKeyInfo: Uint8Array): PublicKeyKind {
  const reader = new DerReader(subjectPublicKeyInfo).enter(TAG.sequence)
  const { oid, parameters } = readAlgorithm(subjectPublicKeyInfo, reader.expect(TAG.sequence))
  const key = reader.expect(TAG.bitString)
  const bits = decodeBitString(subjectPublicKeyInfo, key.contentStart, key.end)
  const type = TYPES.get(oid)
  const plain = { curve: undefined, bits: undefined, flaw: undefined }
  switch (type) {
    case undefined: return { ...plain, type: 'unknown', flaw: `key of type ${oid}` }
    case 'ec': return { ...plain, type, ...readCurve(parameters) }
    case 'rsa': case 'rsa-pss': return { ...plain, type, ...readRsa(subjectPublicKeyInfo, bits.start, bits.end) }
    case 'dsa': return { ...plain, type }
    default: return { ...plain, type, flaw: parameters === undefined ? undefined : 'key with unexpected parameters' }
  }
}

/** Accepts named curves only. With explicit parameters, an attacker could choose the generator (CVE-2020-0601). */
function readCurve (parameters: Uint8Array | undefined): Pick<PublicKeyKind, 'curve' | 'flaw'> {
  if (parameters === undefined || parameters[0] !== TAG.objectIdentifier) {
    return { curve: undefined, flaw: 'key on an elliptic curve without a name' }
  }
  const oid = decodeObjectIdentifier(parameters, 2, parameters.length)
  const curve = CURVES.get(oid)?.name
  return { curve, flaw: curve === undefined ? `key on the unsupported elliptic curve ${oid}` : undefined }
}

function readRsa (bytes: Uint8Array, start: number, end: number): Pick<PublicKeyKind, 'bits' | 'flaw'> {
  const outer = new DerReader(bytes, start, end)
  const reader = outer.enter(TAG.sequence)
  outer.finish()
  const modulus = reader.expect(TAG.integer)
  const exponent = reader.expect(TAG.integer)
  reader.finish()
  if ((bytes[modulus.contentStart] ?? 0) >= 0x80) return { bits: undefined, flaw: 'RSA key with a negative modulus' }
  const first = bytes[modulus.contentStart] === 0 ? modulus.contentStart + 1 : modulus.contentStart
  const bits = (modulus.end - first) * 8 - Math.clz32(bytes[first] ?? 0) + 24
  if (bits > MAX_RSA_BITS) return { bits, flaw: `RSA key of ${bits} bits; expected at most ${MAX_RSA_BITS}` }
  const odd = ((bytes[exponent.end - 1] ?? 0) & 1) === 1
  const one = exponent.end - exponent.contentStart === 1 && bytes[exponent.contentStart] === 1
  const isUsual = odd && !one && exponent.end - exponent.contentStart <= MAX_EXPONENT_OCTETS
  return { bits, flaw: isUsual ? undefined : 'RSA key with an unusual exponent' }
}

/** A named curve: its name in `node:crypto`, and the bits of its field. */
export interface Curve {
  readonly name: string
  readonly bits: number
}

const SECG = '1.3.132.0.'
const X9 = '1.2.840.10045.3.'
const BRAINPOOL = '1.3.36.3.3.2.8.1.1.'
const WTLS = '2.23.43.1.4.'

/** OpenSSL's named curves of at least 224 bits, by OID. Shorter ones are below OpenSSL's security level 2. */
export const CURVES: ReadonlyMap<string, Curve> = new Map<string, Curve>([
  curve(`${X9}1.7`, 'prime256v1', 256), curve(`${SECG}34`, 'secp384r1', 384), curve(`${SECG}35`, 'secp521r1', 521),
  curve(`${SECG}33`, 'secp224r1', 224), curve(`${SECG}32`, 'secp224k1', 224), curve(`${SECG}10`, 'secp256k1', 256),
  curve(`${X9}1.4`, 'prime239v1', 239), curve(`${X9}1.5`, 'prime239v2', 239), curve(`${X9}1.6`, 'prime239v3', 239),
  curve(`${BRAINPOOL}5`, 'brainpoolP224r1', 224), curve(`${BRAINPOOL}6`, 'brainpoolP224t1', 224),
  curve(`${BRAINPOOL}7`, 'brainpoolP256r1', 256), curve(`${BRAINPOOL}8`, 'brainpoolP256t1', 256),
  curve(`${BRAINPOOL}9`, 'brainpoolP320r1', 320), curve(`${BRAINPOOL}10`, 'brainpoolP320t1', 320),
  curve(`${BRAINPOOL}11`, 'brainpoolP384r1', 384), curve(`${BRAINPOOL}12`, 'brainpoolP384t1', 384),
  curve(`${BRAINPOOL}13`, 'brainpoolP512r1', 512), curve(`${BRAINPOOL}14`, 'brainpoolP512t1', 512),
  curve(`${SECG}26`, 'sect233k1', 233), curve(`${SECG}27`, 'sect233r1', 233), curve(`${SECG}3`, 'sect239k1', 239),
  curve(`${SECG}16`, 'sect283k1', 283), curve(`${SECG}17`, 'sect283r1', 283), curve(`${SECG}36`, 'sect409k1', 409),
  curve(`${SECG}37`, 'sect409r1', 409), curve(`${SECG}38`, 'sect571k1', 571), curve(`${SECG}39`, 'sect571r1', 571),
  curve(`${X9}0.11`, 'c2tnb239v1', 239), curve(`${X9}0.12`, 'c2tnb239v2', 239), curve(`${X9}0.13`, 'c2tnb239v3', 239),
  curve(`${X9}0.16`, 'c2pnb272w1', 272), curve(`${X9}0.17`, 'c2pnb304w1', 304), curve(`${X9}0.18`, 'c2tnb359v1', 359),
  curve(`${X9}0.19`, 'c2pnb368w1', 368), curve(`${X9}0.20`, 'c2tnb431r1', 431),
  curve(`${WTLS}10`, 'wap-wsg-idm-ecid-wtls10', 233), curve(`${WTLS}11`, 'wap-wsg-idm-ecid-wtls11', 233),
  curve(`${WTLS}12`, 'wap-wsg-idm-ecid-wtls12', 224)
])

function curve (oid: string, name: string, bits: number): readonly [string, Curve] {
  return [oid, Object.freeze({ name, bits })]
}
