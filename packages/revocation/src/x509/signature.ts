import { constants, createVerify, verify, type KeyObject } from 'node:crypto'
import type { SignatureScheme } from '@peerkit/identity/x509'

/** Maximum number of bytes verified synchronously if the scheme hashes by itself. More are verified in a thread. */
const AT_ONCE = 1 << 20
/** Bytes hashed at a time: about half a millisecond. */
const SLICE = 1 << 19

/**
 * Verifies a signature over `data`, and yields after each slice. If the scheme hashes by itself and there is much
 * data, it yields a promise that must be awaited: a thread does the work then. If node:crypto throws, for example
 * because a FIPS provider lacks a hash, the signature is not valid.
 */
export function * verifyInSlices (
  algorithm: SignatureScheme, data: Uint8Array, signature: Uint8Array, key: KeyObject
): Generator<Promise<unknown> | undefined, boolean> {
  if (!algorithm.keyTypes.some((type) => type === key.asymmetricKeyType)) return false
  try {
    return algorithm.hash === null
      ? yield * verifyWhole(data, signature, key)
      : yield * verifyHashed(algorithm.hash, algorithm.saltLength, data, signature, key)
  } catch {
    return false
  }
}

function * verifyWhole (data: Uint8Array, signature: Uint8Array, key: KeyObject): Generator<Promise<unknown>, boolean> {
  if (data.length <= AT_ONCE) return verify(null, data, key, signature)
  let valid = false
  yield new Promise<void>((resolve) => {
    verify(null, data, key, signature, (error, result) => {
      valid = error === null && result
      resolve()
    })
  })
  return valid
}

function * verifyHashed (
  hash: string, saltLength: number | undefined, data: Uint8Array, signature: Uint8Array, key: KeyObject
): Generator<undefined, boolean> {
  const verifier = createVerify(hash)
  for (let at = 0; at < data.length; at += SLICE) {
    verifier.update(data.subarray(at, at + SLICE))
    if (at + SLICE < data.length) yield undefined
  }
  const padding = saltLength === undefined ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
  return verifier.verify({ key, ...padding }, signature)
}

/** Verifies a signature over at most 1 MiB, synchronously. */
export function verifyAtOnce (
  algorithm: SignatureScheme,
  data: Uint8Array,
  signature: Uint8Array,
  key: KeyObject
): boolean {
  if (data.length > AT_ONCE) throw new RangeError('too many bytes to verify synchronously')
  const steps = verifyInSlices(algorithm, data, signature, key)
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value
}
