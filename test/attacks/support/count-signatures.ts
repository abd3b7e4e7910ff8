import crypto from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

/**
 * Signatures that this process verified by node:crypto since this module was loaded; load it before whatever is to be
 * counted. OpenSSL's own, in a handshake, are not among them.
 */
export let verified = 0

const { verify } = crypto
const ofCertificate = crypto.X509Certificate.prototype.verify
const ofStream = crypto.Verify.prototype.verify

crypto.verify = function (this: unknown, ...given: unknown[]) {
  verified += 1
  return Reflect.apply(verify, this, given)
} as typeof crypto.verify
crypto.X509Certificate.prototype.verify = function (key: KeyObject) {
  verified += 1
  return ofCertificate.call(this, key)
}
crypto.Verify.prototype.verify = function (this: unknown, ...given: unknown[]) {
  verified += 1
  return Reflect.apply(ofStream, this, given)
} as typeof ofStream
// Named imports of node:crypto follow from here on.
syncBuiltinESMExports()

/** How many signatures `work` verifies. */
export async function countSignatures (work: () => unknown): Promise<number> {
  const before = verified
  await work()
  return verified - before
}
