import { getCurves } from 'node:crypto'
import { certify, makeKey } from './forger.ts'

const OTHERS = ['rsa', 'rsa-pss', 'ed25519', 'ed448', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87']

/** Every kind of key that this Node can make and sign certificates with. */
export const KINDS: readonly string[] = [...getCurves(), ...OTHERS].filter((kind) => {
  try {
    const key = makeKey(kind)
    return certify({ subject: kind, key, issuer: kind, signer: key }).der.length > 0
  } catch {
    return false
  }
})
