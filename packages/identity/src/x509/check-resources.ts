import { checkInteger, checkNull, decodeBitString } from '../der/primitives.ts'
import { DerReader } from '../der/reader.ts'
import { TAG } from '../der/tags.ts'

/**
 * Checks the address blocks of RFC 3779 section 2.2.3: families of addresses, each inherited or a list of prefixes
 * and ranges.
 *
 * @throws MTLS_ERR_DER_INVALID
 */
export function checkAddressBlocks (bytes: Uint8Array, start: number, end: number): void {
  const outer = new DerReader(bytes, start, end)
  const families = outer.enter(TAG.sequence)
  outer.finish()
  while (!families.done) {
    const family = families.enter(TAG.sequence)
    family.expect(TAG.octetString)
    checkInheritedOrList(family, checkPrefix)
    family.finish()
  }
}

/** Checks the autonomous system numbers of RFC 3779 section 3.2.3. @throws MTLS_ERR_DER_INVALID */
export function checkSystemNumbers (bytes: Uint8Array, start: number, end: number): void {
  const outer = new DerReader(bytes, start, end)
  const kinds = outer.enter(TAG.sequence)
  outer.finish()
  for (const tag of [0xa0, 0xa1]) {
    const kind = kinds.optional(tag)
    if (kind === undefined) continue
    const inside = kinds.inside(kind)
    checkInheritedOrList(inside, checkNumber)
    inside.finish()
  }
  kinds.finish()
}

function checkInheritedOrList (reader: DerReader, checkBound: (reader: DerReader) => void): void {
  const inherited = reader.optional(TAG.null)
  if (inherited !== undefined) return checkNull(inherited.contentStart, inherited.end)
  const list = reader.enter(TAG.sequence)
  while (!list.done) {
    if (list.peek() !== TAG.sequence) {
      checkBound(list)
      continue
    }
    const range = list.enter(TAG.sequence)
    checkBound(range)
    checkBound(range)
    range.finish()
  }
}

function checkPrefix (reader: DerReader): void {
  const { contentStart, end } = reader.expect(TAG.bitString)
  decodeBitString(reader.bytes, contentStart, end)
}

function checkNumber (reader: DerReader): void {
  const { contentStart, end } = reader.expect(TAG.integer)
  checkInteger(reader.bytes, contentStart, end)
}
