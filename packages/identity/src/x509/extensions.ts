import { decodeObjectIdentifier } from '../der/object-identifier.ts'
import { decodeBoolean } from '../der/primitives.ts'
import type { DerReader } from '../der/reader.ts'
import { TAG } from '../der/tags.ts'
import { malformed } from '../reasons.ts'

/** One extension of a certificate or CRL. */
export interface Extension {
  readonly critical: boolean
  /** The content of its OCTET STRING, a view. */
  readonly value: Uint8Array
  /** Offset of `value` in the bytes it was read from. */
  readonly offset: number
}

/** Reads the extensions at the end of a TBSCertificate, if there are any. */
export function readExtensions (tbs: DerReader, version: number): ReadonlyMap<string, Extension> {
  const explicit = tbs.optional(0xa3)
  if (explicit === undefined) return new Map()
  if (version !== 3) malformed('version_invalid', explicit.start, `extensions in version ${version}`)
  const reader = tbs.inside(explicit)
  const list = reader.enter(TAG.sequence)
  reader.finish()
  return readExtensionList(list)
}

/**
 * Reads the extensions in `list`, the content of an Extensions SEQUENCE (RFC 5280 section 4.2): at least one, and
 * none twice. With duplicates, a reader of the first and a reader of the last would see different certificates. An
 * encoded `critical FALSE` is not DER, but accepted: even the example certificate of RFC 8410 has it.
 *
 * @throws MTLS_ERR_DER_INVALID
 * @example
 * ```ts
 * const der = Buffer.from('301e300c0603551d130101ff04023000300e0603551d0f0101ff040403020780', 'hex')
 * const list = new DerReader(der).enter(TAG.sequence)
 * console.log([...readExtensionList(list).keys()]) // [ '2.5.29.19', '2.5.29.15' ]
 * ```
 */
export function readExtensionList (list: DerReader): Map<string, Extension> {
  if (list.done) malformed('extension_invalid', list.offset, 'no extensions')
  const extensions = new Map<string, Extension>()
  while (!list.done) {
    const reader = list.enter(TAG.sequence)
    const oidElement = reader.expect(TAG.objectIdentifier)
    const oid = decodeObjectIdentifier(list.bytes, oidElement.contentStart, oidElement.end)
    if (extensions.has(oid)) malformed('extension_duplicate', oidElement.start, oid)
    const flag = reader.optional(TAG.boolean)
    const critical = flag !== undefined && decodeBoolean(list.bytes, flag.contentStart, flag.end)
    const value = reader.expect(TAG.octetString)
    reader.finish()
    extensions.set(oid, {
      critical,
      value: list.bytes.subarray(value.contentStart, value.end),
      offset: value.contentStart
    })
  }
  return extensions
}
