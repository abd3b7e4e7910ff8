import { count, defineOptions, list, valueOf, wrongValue } from '@peerkit/identity/internal'
import { SIGNATURE_SCHEME_NAMES } from '@peerkit/identity/x509'
import type { SignatureScheme } from '@peerkit/identity/x509'
import { PathOptionError } from '../errors.ts'
import { CURVES } from './public-key.ts'
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

const MAX_RSA_BITS = 16_384
const CURVE_NAMES: ReadonlySet<string> = new Set([...CURVES.values()].map(({ name }) => name))

const RSA_BITS = count({ least: 1024, most: MAX_RSA_BITS })
const OPTIONS = defineOptions<AlgorithmPolicy>('algorithms', PathOptionError, {
  signatures: list(
    'at least one name',
    valueOf('a name such as ecdsa-sha256 or rsa-pss-sha256', (name) => SIGNATURE_SCHEME_NAMES.has(name as string)),
    1
  ),
  curves: list(
    'at least one name', valueOf('a name such as prime256v1 or secp384r1', (name) => CURVE_NAMES.has(name as string)), 1
  ),
  minRsaBits: RSA_BITS,
  maxRsaBits: RSA_BITS
})

/**
 * Checks an algorithm policy.
 *
 * @param policy the policy. Default: see {@link AlgorithmPolicy}
 * @throws PathOptionError if a name is unknown or a number is out of range
 * @example
 * ```ts
 * const algorithms = readAlgorithmPolicy({ signatures: ['ecdsa-sha256', 'ed25519'], curves: ['prime256v1'] })
 * const scheme = readSignatureScheme(readCertificate(client.der).signatureAlgorithm)
 * console.log(scheme !== undefined && algorithms.acceptsScheme(scheme)) // true
 * ```
 */
export function readAlgorithmPolicy (policy: AlgorithmPolicy = {}): Algorithms {
  OPTIONS.check(policy, 'algorithms')
  const { minRsaBits = 2_048, maxRsaBits = MAX_RSA_BITS } = policy
  const signatures = policy.signatures && new Set(policy.signatures)
  const curves = policy.curves && new Set(policy.curves)
  if (minRsaBits > maxRsaBits) {
    const expected = `at most maxRsaBits, ${maxRsaBits}`
    throw wrongValue(PathOptionError, 'algorithms.minRsaBits', minRsaBits, expected)
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
