import { decodeObjectIdentifier } from '../der/object-identifier.ts'
import { decodeBitString, decodeBoolean, decodeSmallInteger } from '../der/primitives.ts'
import { DerReader, checkWellFormed } from '../der/reader.ts'
import { expectOnly } from '../der/element.ts'
import { TAG } from '../der/tags.ts'
import { malformed } from '../reasons.ts'

/** basicConstraints (RFC 5280 4.2.1.9). */
export interface BasicConstraints {
  readonly ca: boolean
  readonly pathLength: number | undefined
}

/**
 * Reads the basicConstraints that fill `[start, end)`. An explicit `cA FALSE` is not DER, but very common in leaves,
 * and is accepted.
 *
 * @throws MTLS_ERR_DER_INVALID
 * @example
 * ```ts
 * const extension = readCertificate(ca.der).extensions.get(EXTENSION.basicConstraints)
 * if (extension !== undefined) console.log(readBasicConstraints(extension.value).ca) // true
 * ```
 */
export function readBasicConstraints (bytes: Uint8Array, start = 0, end: number = bytes.length): BasicConstraints {
  const outer = new DerReader(bytes, start, end)
  const reader = outer.enter(TAG.sequence)
  outer.finish()
  const ca = reader.optional(TAG.boolean)
  const pathLength = reader.optional(TAG.integer)
  reader.finish()
  return {
    ca: ca !== undefined && decodeBoolean(bytes, ca.contentStart, ca.end),
    pathLength:
      pathLength === undefined
        ? undefined
        : decodeSmallInteger(bytes, pathLength.contentStart, pathLength.end, 0x7fffffff)
  }
}

const keyUsage = {
  digitalSignature: 1,
  nonRepudiation: 2,
  keyEncipherment: 4,
  dataEncipherment: 8,
  keyAgreement: 16,
  keyCertSign: 32,
  cRLSign: 64,
  encipherOnly: 128,
  decipherOnly: 256
} as const

/** Bits of keyUsage (RFC 5280 section 4.2.1.3) as `readKeyUsage` returns them: bit n of the BIT STRING is `1 << n`. */
export const KEY_USAGE: typeof keyUsage = Object.freeze(keyUsage)

/**
 * Reads the keyUsage that fills `[start, end)`, as a sum of `KEY_USAGE` bits; undefined bits are left out.
 *
 * @throws MTLS_ERR_DER_INVALID
 * @example
 * ```ts
 * const extension = readCertificate(ca.der).extensions.get(EXTENSION.keyUsage)
 * if (extension !== undefined) console.log((readKeyUsage(extension.value) & KEY_USAGE.keyCertSign) !== 0) // true
 * ```
 */
export function readKeyUsage (bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  const element = expectOnly(bytes, start, end, TAG.bitString)
  const bits = decodeBitString(bytes, element.contentStart, element.end)
  let usage = 0
  for (let n = 0; n < 9 && bits.start + (n >> 3) < bits.end; n++) {
    if (((bytes[bits.start + (n >> 3)] as number) & (0x80 >> (n & 7))) !== 0) usage |= 1 << n
  }
  return usage
}

/**
 * Reads the purposes of an extKeyUsage (RFC 5280 section 4.2.1.12) that fills `[start, end)`, in order.
 *
 * @throws MTLS_ERR_DER_INVALID
 * @example
 * ```ts
 * const extension = readCertificate(client.der).extensions.get(EXTENSION.extendedKeyUsage)
 * if (extension !== undefined) console.log(readExtendedKeyUsage(extension.value)) // [ '1.3.6.1.5.5.7.3.2' ]
 * ```
 */
export function readExtendedKeyUsage (bytes: Uint8Array, start = 0, end: number = bytes.length): string[] {
  const outer = new DerReader(bytes, start, end)
  const reader = outer.enter(TAG.sequence)
  outer.finish()
  if (reader.done) malformed('extension_invalid', start, 'no key purposes')
  const purposes: string[] = []
  while (!reader.done) {
    const oid = reader.expect(TAG.objectIdentifier)
    purposes.push(decodeObjectIdentifier(bytes, oid.contentStart, oid.end))
  }
  return purposes
}

/**
 * Reads the policies of a certificatePolicies (RFC 5280 section 4.2.1.4) that fills `[start, end)`, in order, each
 * once.
 *
 * @throws MTLS_ERR_DER_INVALID
 * @example
 * ```ts
 * const { der } = await ca.issue({ policies: ['1.3.6.1.4.1.99999.1'] })
 * const extension = readCertificate(der).extensions.get(EXTENSION.certificatePolicies)
 * if (extension !== undefined) console.log(readCertificatePolicies(extension.value)) // [ '1.3.6.1.4.1.99999.1' ]
 * ```
 */
export function readCertificatePolicies (bytes: Uint8Array, start = 0, end: number = bytes.length): string[] {
  const outer = new DerReader(bytes, start, end)
  const reader = outer.enter(TAG.sequence)
  outer.finish()
  if (reader.done) malformed('extension_invalid', start, 'no policies')
  const policies = new Set<string>()
  while (!reader.done) {
    const policy = reader.enter(TAG.sequence)
    const oid = policy.expect(TAG.objectIdentifier)
    const id = decodeObjectIdentifier(bytes, oid.contentStart, oid.end)
    if (policies.has(id)) malformed('extension_invalid', oid.start, `policy ${id} twice`)
    policies.add(id)
    const qualifiers = policy.optional(TAG.sequence)
    policy.finish()
    if (qualifiers !== undefined) checkWellFormed(bytes, qualifiers.contentStart, qualifiers.end)
  }
  return [...policies]
}
