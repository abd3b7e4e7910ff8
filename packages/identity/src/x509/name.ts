import { DerReader } from '../der/reader.ts'
import { decodeObjectIdentifier } from '../der/object-identifier.ts'
import { TAG } from '../der/tags.ts'
import { createName } from '../name/distinguished-name.ts'
import type { DistinguishedName } from '../name/distinguished-name.ts'
import type { NameAttribute } from '../name/name-attribute.ts'
import { malformed } from '../reasons.ts'
import { decodeAttributeValue } from './attribute-value.ts'

/**
 * Reads a Name (RFC 5280 section 4.1.2.4), the one element that fills `[start, end)`. Order and grouping stay as
 * encoded. The attributes of one RDN may have any order, since not all CAs sort them as DER requires, and nothing
 * depends on it.
 *
 * @throws MTLS_ERR_DER_INVALID
 * @example
 * ```ts
 * console.log(String(readName(readCertificate(client.der).subjectRaw))) // CN=alice,OU=billing
 * ```
 */
export function readName (bytes: Uint8Array, start = 0, end: number = bytes.length): DistinguishedName {
  const outer = new DerReader(bytes, start, end)
  const sequence = outer.enter(TAG.sequence)
  outer.finish()
  const rdns: (readonly NameAttribute[])[] = []
  while (!sequence.done) {
    const set = sequence.enter(TAG.set)
    if (set.done) malformed('name_invalid', set.offset, 'empty RDN')
    const rdn: NameAttribute[] = []
    while (!set.done) rdn.push(readAttribute(set))
    rdns.push(Object.freeze(rdn))
  }
  return createName(Object.freeze(rdns))
}

function readAttribute (set: DerReader): NameAttribute {
  const pair = set.enter(TAG.sequence)
  const oid = pair.expect(TAG.objectIdentifier)
  const type = decodeObjectIdentifier(set.bytes, oid.contentStart, oid.end)
  const { value, encoding } = decodeAttributeValue(set.bytes, pair.offset, pair.end)
  return Object.freeze({ type, value, encoding })
}
