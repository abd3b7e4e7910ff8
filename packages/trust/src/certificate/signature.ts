import { constants, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { SignatureScheme } from '@peerkit/identity/x509'
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
