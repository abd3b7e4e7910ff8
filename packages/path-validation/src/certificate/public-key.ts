import { DerReader, TAG, decodeBitString, decodeObjectIdentifier } from '@peerkit/identity/der'
import { readAlgorithm } from '@peerkit/identity/x509'

/** What a certificate's public key is, without the cost of having OpenSSL parse it. */
export interface PublicKeyKind {
  readonly type: 'rsa' | 'rsa-pss' | 'ec' | 'ed25519' | 'ed448' | 'unknown'
  /** Why it is not accepted. */
  readonly flaw: string | undefined
}

const TYPES: ReadonlyMap<string, PublicKeyKind['type']> = new Map([
  ['1.2.840.113549.1.1.1', 'rsa'], ['1.2.840.113549.1.1.10', 'rsa-pss'], ['1.2.840.10045.2.1', 'ec'], ['1.3.101.112', 'ed25519'], ['1.3.101.113', 'ed448'],
])

// P-256, P-384 and P-521 (RFC 5480 section 2.1.1.1): what TLS stacks agree on, at 128 bits of security or more.
const CURVES: readonly string[] = ['1.2.840.10045.3.1.7', '1.3.132.0.34', '1.3.132.0.35']

const MIN_RSA_BITS = 2048
/** Verifying takes the square of the length; nobody's client needs more. */
const MAX_RSA_BITS = 8192
const MAX_EXPONENT_OCTETS = 8

/** The kind of key in a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), and whether it is strong enough. @throws MTLS_ERR_DER_INVALID */
export function readPublicKeyKind (subjectPublicKeyInfo: Uint8Array): PublicKeyKind {
  const reader = new DerReader(subjectPublicKeyInfo).enter(TAG.sequence)
  const { oid, parameters } = readAlgorithm(subjectPublicKeyInfo, reader.expect(TAG.sequence))
  const key = reader.expect(TAG.bitString)
  const bits = decodeBitString(subjectPublicKeyInfo, key.contentStart, key.end)
  const type = TYPES.get(oid) ?? 'unknown'
  if (type === 'unknown') return { type, flaw: `key of type ${oid}` }
  if (type === 'ec') return { type, flaw: judgeCurve(parameters) }
  if (type === 'rsa' || type === 'rsa-pss') return { type, flaw: judgeRsa(subjectPublicKeyInfo, bits.start, bits.end) }
  return { type, flaw: parameters === undefined ? undefined : 'key parameters where there are none' }
}

/** Named curves only: explicit parameters let whoever wrote them choose the generator (CVE-2020-0601). */
function judgeCurve (parameters: Uint8Array | undefined): string | undefined {
  if (parameters === undefined || parameters[0] !== TAG.objectIdentifier) return 'elliptic curve without a name'
  const curve = decodeObjectIdentifier(parameters, 2, parameters.length)
  return CURVES.includes(curve) ? undefined : `elliptic curve ${curve}; expected P-256, P-384 or P-521`
}

function judgeRsa (bytes: Uint8Array, start: number, end: number): string | undefined {
  const outer = new DerReader(bytes, start, end)
  const reader = outer.enter(TAG.sequence)
  outer.finish()
  const modulus = reader.expect(TAG.integer)
  const exponent = reader.expect(TAG.integer)
  reader.finish()
  if ((bytes[modulus.contentStart] ?? 0) >= 0x80) return 'RSA key with a negative modulus'
  const first = bytes[modulus.contentStart] === 0 ? modulus.contentStart + 1 : modulus.contentStart
  const bits = (modulus.end - first) * 8 - Math.clz32(bytes[first] ?? 0) + 24
  if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS || bits % 8 !== 0) return `RSA key of ${bits} bits; expected ${MIN_RSA_BITS} to ${MAX_RSA_BITS}, whole octets`
  const odd = ((bytes[exponent.end - 1] ?? 0) & 1) === 1
  const one = exponent.end - exponent.contentStart === 1 && bytes[exponent.contentStart] === 1
  return odd && !one && exponent.end - exponent.contentStart <= MAX_EXPONENT_OCTETS ? undefined : 'RSA key with an unusual exponent'
}
