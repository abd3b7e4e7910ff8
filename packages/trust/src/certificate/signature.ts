import { constants, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { SignatureScheme } from '@peerkit/identity/x509'
import type { PublicKeyKind } from './public-key.ts'

/** Whether `key` made the signature. False too where node:crypto cannot tell. */
export function verifySignature (scheme: SignatureScheme, data: Uint8Array, signature: Uint8Array, key: KeyObject): boolean {
  const { hash, saltLength } = scheme
  try {
    return verify(hash, data, saltLength === undefined ? key : { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature)
  } catch {
    // A key whose own PSS parameters forbid this hash or salt, for one.
    return false
  }
}

/** What verifying with a key costs, measured in signatures of the usual kinds: P-256, RSA, Ed25519, ML-DSA. None of them takes more than a millisecond. */
export function weightOf ({ type, curve, bits = 0 }: PublicKeyKind): number {
  if (curve === undefined) return bits > 8_192 ? 2 : type.startsWith('slh-dsa') ? 3 : 1
  if (curve.startsWith('sect') || curve.startsWith('c2')) return 4
  return curve === 'secp384r1' || curve === 'secp521r1' || curve.startsWith('brainpoolP512') || curve.startsWith('brainpoolP384') ? 2 : 1
}
