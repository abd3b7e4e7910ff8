import {
  decodeBitString,
  decodeBoolean,
  decodeIntegerHex,
  decodeObjectIdentifier,
  decodeTime,
  TAG
} from '@peerkit/identity/der'
import type { DerSequence } from './der-sequence.ts'

/** The next element, an OBJECT IDENTIFIER, in its dotted form. */
export function readOid (from: DerSequence): string {
  const { contentStart, end } = from.expect(TAG.objectIdentifier)
  return decodeObjectIdentifier(from.bytes, contentStart, end)
}

/** The next element, an INTEGER that is not negative. */
export function readNatural (from: DerSequence, tag: number = TAG.integer): bigint {
  const { contentStart, end } = from.expect(tag)
  if (end - contentStart > 33) throw new RangeError(`INTEGER at offset ${contentStart} is too large`)
  return BigInt(`0x${decodeIntegerHex(from.bytes, contentStart, end)}`)
}

/** The next element, a time of one of the two types or of the given one, in milliseconds since the epoch. */
export function readTime (from: DerSequence, tag: number = from.peek()): number {
  const { contentStart, end } = from.expect(tag)
  return decodeTime(from.bytes, tag, contentStart, end)
}

/** The next element as a BOOLEAN, with its own or another tag. */
export function readBoolean (from: DerSequence, tag: number = TAG.boolean): boolean {
  const { contentStart, end } = from.expect(tag)
  return decodeBoolean(from.bytes, contentStart, end)
}

/** The bytes of the next element, a BIT STRING of whole bytes. */
export function readBitOctets (from: DerSequence): Uint8Array {
  const { contentStart, end: contentEnd } = from.expect(TAG.bitString)
  const { start, end, unused } = decodeBitString(from.bytes, contentStart, contentEnd)
  if (unused !== 0) throw new RangeError(`BIT STRING at offset ${contentStart} does not end with an octet`)
  return from.bytes.subarray(start, end)
}
