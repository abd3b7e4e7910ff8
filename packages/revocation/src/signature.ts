import { constants, createVerify, verify, type KeyObject } from 'node:crypto'
import type { DerSequence } from './der-sequence.ts'
import { TAG } from '@peerkit/identity/der'
import { readNatural, readOid } from './der-values.ts'

/** How a signature was made: what its AlgorithmIdentifier says, as far as it is accepted. */
export interface SignatureAlgorithm {
  readonly keyTypes: readonly string[]
  /** null: the scheme hashes by itself (EdDSA). */
  readonly hash: string | null
  /** For RSASSA-PSS: octets of salt. */
  readonly saltLength?: number
}

const rsa = ['rsa']
const ec = ['ec']

// SHA-1 and MD5 are left out: a list forged by a collision would un-revoke (RFC 6194 section 3).
const algorithms = new Map<string, SignatureAlgorithm>([
  ['1.2.840.113549.1.1.11', { keyTypes: rsa, hash: 'sha256' }],
  ['1.2.840.113549.1.1.12', { keyTypes: rsa, hash: 'sha384' }],
  ['1.2.840.113549.1.1.13', { keyTypes: rsa, hash: 'sha512' }],
  ['1.2.840.10045.4.3.2', { keyTypes: ec, hash: 'sha256' }],
  ['1.2.840.10045.4.3.3', { keyTypes: ec, hash: 'sha384' }],
  ['1.2.840.10045.4.3.4', { keyTypes: ec, hash: 'sha512' }],
  ['1.3.101.112', { keyTypes: ['ed25519'], hash: null }],
  ['1.3.101.113', { keyTypes: ['ed448'], hash: null }]
])

const RSA_PSS = '1.2.840.113549.1.1.10'
const MGF1 = '1.2.840.113549.1.1.8'
const hashes = new Map([['2.16.840.1.101.3.4.2.1', 'sha256'], ['2.16.840.1.101.3.4.2.2', 'sha384'], ['2.16.840.1.101.3.4.2.3', 'sha512']])

/** Octets verified at once where the scheme hashes by itself; more are left to a thread. */
const AT_ONCE = 1 << 20
/** Octets hashed at a time: about half a millisecond. */
const SLICE = 1 << 19

/** Reads the content of an AlgorithmIdentifier. Undefined: an algorithm that is not accepted here. */
export function readSignatureAlgorithm (from: DerSequence): SignatureAlgorithm | undefined {
  const oid = readOid(from)
  if (oid === RSA_PSS) return readPss(from)
  const algorithm = algorithms.get(oid)
  // RFC 4055 section 5 has NULL for RSA, RFC 5758 and RFC 8410 have nothing for the others.
  if (algorithm?.keyTypes === rsa && from.peek() === TAG.null && from.content(from.expect(TAG.null)).length > 0) throw new RangeError('NULL with content')
  if (algorithm !== undefined) from.finish()
  return algorithm
}

/** RSASSA-PSS-params, RFC 4055 section 3.1; the defaults are SHA-1 and so not accepted. */
function readPss (from: DerSequence): SignatureAlgorithm | undefined {
  const params = from.open(TAG.sequence)
  from.finish()
  const hash = readHash(params.optionalOpen(0xa0)?.open(TAG.sequence))
  const mask = params.optionalOpen(0xa1)?.open(TAG.sequence)
  const maskHash = mask !== undefined && readOid(mask) === MGF1 ? readHash(mask.open(TAG.sequence)) : undefined
  const salt = params.optionalOpen(0xa2)
  const saltLength = salt === undefined ? 20 : Number(readNatural(salt))
  const trailer = params.optionalOpen(0xa3)
  if (trailer !== undefined && readNatural(trailer) !== 1n) return undefined
  params.finish()
  if (hash === undefined || hash !== maskHash || saltLength > 512) return undefined
  return { keyTypes: ['rsa', 'rsa-pss'], hash, saltLength }
}

function readHash (from: DerSequence | undefined): string | undefined {
  return from === undefined ? undefined : hashes.get(readOid(from))
}

/**
 * Verifies a signature over `data`, giving way after each slice. Where the scheme hashes by itself and there is a lot to hash, a promise is yielded that must be
 * awaited: it is done in a thread then.
 */
export function * verifyInSlices (algorithm: SignatureAlgorithm, data: Uint8Array, signature: Uint8Array, key: KeyObject): Generator<Promise<unknown> | undefined, boolean> {
  if (!algorithm.keyTypes.includes(key.asymmetricKeyType ?? '')) return false
  if (algorithm.hash === null) {
    if (data.length <= AT_ONCE) return verify(null, data, key, signature)
    let valid = false
    yield new Promise<void>((resolve, reject) => {
      verify(null, data, key, signature, (error, result) => {
        valid = error === null && result
        error === null ? resolve() : reject(error)
      })
    })
    return valid
  }
  const verifier = createVerify(algorithm.hash)
  for (let at = 0; at < data.length; at += SLICE) {
    verifier.update(data.subarray(at, at + SLICE))
    if (at + SLICE < data.length) yield undefined
  }
  const padding = algorithm.saltLength === undefined ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: algorithm.saltLength }
  return verifier.verify({ key, ...padding }, signature)
}

/** Verifies a signature over at most a mebioctet at once. */
export function verifyAtOnce (algorithm: SignatureAlgorithm, data: Uint8Array, signature: Uint8Array, key: KeyObject): boolean {
  if (data.length > AT_ONCE) throw new RangeError('too much to verify at once')
  const steps = verifyInSlices(algorithm, data, signature, key)
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value
}
