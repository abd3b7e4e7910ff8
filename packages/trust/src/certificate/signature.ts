import { constants, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { SignatureScheme } from '@peerkit/identity/x509'

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
