import { constants, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { SignatureScheme } from '@peerkit/identity/x509'
import type { Certificate } from './certificate.ts'
import type { PublicKeyKind } from './public-key.ts'

/** Whether `key` made the signature. Also false if `node:crypto` cannot verify it. */
export function verifySignature (
  scheme: SignatureScheme, data: Uint8Array, signature: Uint8Array, key: KeyObject
): boolean {
  const { hash, saltLength } = scheme
  try {
    const isPss = saltLength !== undefined
    return verify(hash, data, isPss ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength } : key, signature)
  } catch {
    // For example, the PSS parameters of the key forbid this hash or salt.
    return false
  }
}

/**
 * The cost of verifying a signature with a key. The unit is a signature of a usual kind (P-256, RSA, Ed25519, ML-DSA),
 * which takes at most a millisecond.
 */
export function weightOf ({ type, curve, bits = 0 }: PublicKeyKind): number {
  if (curve === undefined) return bits > 8_192 ? 2 : type.startsWith('slh-dsa') ? 3 : 1
  if (curve.startsWith('sect') || curve.startsWith('c2')) return 4
  return /^secp(384|521)r1$|^brainpoolP(384|512)/.test(curve) ? 2 : 1
}

/** How many verification results are cached per certificate. No usual PKI has more issuer keys of the same name. */
const MAX_EDGES = 32

/** Caches whether the issuer's key made the signature of a certificate. */
export function rememberEdge (certificate: Certificate, issuer: Certificate, signed: boolean): void {
  const edges = certificate.edges ??= new Map()
  if (edges.size < MAX_EDGES) edges.set(issuer.publicKeyHash, signed)
}

/** Whether the issuer's key made the signature; undefined if that was not verified yet. */
export function knownEdge (certificate: Certificate, issuer: Certificate): boolean | undefined {
  return certificate.edges?.get(issuer.publicKeyHash)
}

/**
 * Whether an issuer's key made the signature of a certificate. The result is cached. The contents of both must be read.
 */
export function verifyEdge (certificate: Certificate, issuer: Certificate): boolean {
  const known = knownEdge(certificate, issuer)
  if (known !== undefined) return known
  const { scheme, fields } = certificate
  const key = issuer.publicKey()
  const signed = scheme !== undefined && key !== undefined &&
    scheme.keyTypes.some((type) => type === issuer.keyKind.type) &&
    verifySignature(scheme, fields.tbs, fields.signature, key)
  rememberEdge(certificate, issuer, signed)
  return signed
}

/**
 * Whether a certificate is self-signed: subject and issuer are the same name, and its own key made the signature.
 * OpenSSL ends paths at such certificates. A certificate for the new key of a CA, signed with its old key, is
 * self-issued but not self-signed. If the signature algorithm is not supported, the key identifiers decide.
 */
export function isSelfSigned (certificate: Certificate): boolean {
  if (!certificate.selfIssued) return false
  const { scheme, subjectKeyId, authorityKeyId } = certificate
  if (scheme !== undefined && certificate.publicKey() !== undefined) return verifyEdge(certificate, certificate)
  return subjectKeyId === undefined || authorityKeyId === undefined || subjectKeyId === authorityKeyId
}
