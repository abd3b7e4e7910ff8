import type { KeyObject } from 'node:crypto'
import { refused } from '../errors.ts'
import type { ParsedCertificate } from './parsed-certificate.ts'

/**
 * Keys of at least 112 bits of strength (NIST SP 800-57 part 1, table 2): RSA from 2048, elliptic curves from 256 bits,
 * the Edwards curves, and post-quantum signatures.
 *
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
export function checkKeySize ({ identity, x509 }: ParsedCertificate, where: string): void {
  const found = findWeakness(readKey(x509, where))
  if (found === undefined) return
  const expected = 'expected RSA of 2048 bits, EC of 256 bits, Ed25519 or better'
  throw refused('weak', where, `the key of ${String(identity)} is too weak; found ${found}; ${expected}`)
}

function readKey (x509: ParsedCertificate['x509'], where: string): KeyObject {
  try {
    return x509.publicKey
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    const found = `found a public key that cannot be read (${code})`
    throw refused('unreadable', where, `${found}; expected RSA, EC or Ed25519`, error)
  }
}

function findWeakness ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string | undefined {
  const type: string = asymmetricKeyType ?? 'unknown'
  const { modulusLength = 0, namedCurve } = asymmetricKeyDetails ?? {}
  if (type === 'rsa' || type === 'rsa-pss') return modulusLength < 2048 ? `RSA of ${modulusLength} bits` : undefined
  if (type === 'ec') {
    // The size is part of every curve's name: prime256v1, secp384r1, brainpoolP256r1. A curve given by its parameters
    // has no name, and may be anything.
    const bits = Number(/\d{3}/.exec(namedCurve ?? '')?.[0] ?? 0)
    return bits < 256 ? `EC on ${namedCurve ?? 'a curve without a name'}` : undefined
  }
  return /^(ed25519|ed448|(ml|slh)-dsa-.+)$/.test(type) ? undefined : `a key of type ${type}`
}
