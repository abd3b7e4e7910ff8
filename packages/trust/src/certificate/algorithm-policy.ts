import { SIGNATURE_SCHEME_NAMES } from '@peerkit/identity/x509'
import type { SignatureScheme } from '@peerkit/identity/x509'
import { MTLS_ERR_PATH_OPTION } from '../errors.ts'
import { checkKeys, describeType } from '../option-check.ts'
import { CURVES } from './curves.ts'
import type { PublicKeyKind } from './public-key.ts'

/**
 * The accepted signatures and keys of a path. The default is what a TLS handshake of Node accepts at OpenSSL's security
 * level 2: every supported signature scheme with SHA-224 or stronger except DSA, RSA of 2,048 to 16,384 bits, and every
 * named curve of at least 224 bits.
 */
export interface AlgorithmPolicy {
  /** Names of signature schemes, such as `ecdsa-sha256`, `rsa-pss-sha256`, `ed25519`. Default: all except `dsa-…`. */
  readonly signatures?: readonly string[]
  /** Names of elliptic curves as in `node:crypto`, such as `prime256v1`. Default: all of at least 224 bits. */
  readonly curves?: readonly string[]
  /** The shortest RSA key, in bits. Default 2,048. */
  readonly minRsaBits?: number
  /** The longest RSA key, in bits. Default 16,384. */
  readonly maxRsaBits?: number
}

/** A checked policy. */
export interface Algorithms {
  acceptsScheme (scheme: SignatureScheme): boolean
  /** Why a key is not accepted; undefined if it is. */
  findKeyFlaw (kind: PublicKeyKind): string | undefined
}

const KNOWN = ['signatures', 'curves', 'minRsaBits', 'maxRsaBits']
const MAX_RSA_BITS = 16_384
const CURVE_NAMES: ReadonlySet<string> = new Set([...CURVES.values()].map(({ name }) => name))

/**
 * Checks an algorithm policy.
 *
 * @param policy the policy. Default: see {@link AlgorithmPolicy}
 * @throws MTLS_ERR_PATH_OPTION if a name is unknown or a number is out of range
 * @example
 * ```ts
 * const algorithms = readAlgorithmPolicy({ signatures: ['ecdsa-sha256', 'ed25519'], curves: ['prime256v1'] })
 * const scheme = readSignatureScheme(readCertificate(client.der).signatureAlgorithm)
 * console.log(scheme !== undefined && algorithms.acceptsScheme(scheme)) // true
 * ```
 */
export function readAlgorithmPolicy (policy: AlgorithmPolicy = {}): Algorithms {
  checkKeys(policy, KNOWN, 'algorithms')
  const { minRsaBits = 2_048, maxRsaBits = MAX_RSA_BITS } = policy
  const signatures = readNames(
    policy.signatures, 'algorithms.signatures', SIGNATURE_SCHEME_NAMES, 'ecdsa-sha256 and rsa-pss-sha256'
  )
  const curves = readNames(policy.curves, 'algorithms.curves', CURVE_NAMES, 'prime256v1 and secp384r1')
  for (const [name, bits] of Object.entries({ minRsaBits, maxRsaBits })) {
    if (Number.isSafeInteger(bits) && bits >= 1_024 && bits <= MAX_RSA_BITS) continue
    const expected = `a whole number of 1024 to ${MAX_RSA_BITS}`
    throw new MTLS_ERR_PATH_OPTION(`algorithms.${name} is ${String(bits)}; expected ${expected}`)
  }
  if (minRsaBits > maxRsaBits) {
    const expected = `at most maxRsaBits, ${maxRsaBits}`
    throw new MTLS_ERR_PATH_OPTION(`algorithms.minRsaBits is ${minRsaBits}; expected ${expected}`)
  }
  return Object.freeze({
    acceptsScheme ({ name, keyTypes }: SignatureScheme) {
      return signatures === undefined ? !keyTypes.includes('dsa') : signatures.has(name)
    },
    findKeyFlaw ({ type, curve, bits, flaw }: PublicKeyKind) {
      if (flaw !== undefined) return flaw
      if (type === 'dsa' && signatures === undefined) return 'DSA key'
      if (curve !== undefined && curves !== undefined && !curves.has(curve)) {
        return `key on the elliptic curve ${curve}; expected ${[...curves].join(' or ')}`
      }
      if (bits !== undefined && (bits < minRsaBits || bits > maxRsaBits)) {
        return `RSA key of ${bits} bits; expected ${minRsaBits} to ${maxRsaBits}`
      }
      return undefined
    }
  })
}

function readNames (
  names: readonly string[] | undefined, where: string, known: ReadonlySet<string>, examples: string
): ReadonlySet<string> | undefined {
  if (names === undefined) return undefined
  if (!Array.isArray(names) || names.length === 0) {
    const found = Array.isArray(names) ? 'an empty list' : describeType(names)
    throw new MTLS_ERR_PATH_OPTION(`${where} is ${found}; expected a list of at least one name`)
  }
  const unknown = names.findIndex((name) => !known.has(name))
  if (unknown !== -1) {
    throw new MTLS_ERR_PATH_OPTION(`${where} has ${JSON.stringify(names[unknown])}; expected names such as ${examples}`)
  }
  return new Set(names)
}
