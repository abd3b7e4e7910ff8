import { TAG } from '@peerkit/identity/der'
import type { ValueOption } from '../options.ts'
import { encodeElement, encodeInteger, encodeObjectIdentifier, encodeTime } from './der.ts'

/** Encodes a value of an otherName or an extension. Bytes are DER already. */
export function encodeValue (value: ValueOption): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (value instanceof Date) return encodeTime(value)
  switch (typeof value) {
    case 'string': return encodeElement(TAG.utf8String, Buffer.from(value))
    case 'boolean': return encodeElement(TAG.boolean, Uint8Array.of(value ? 0xff : 0))
    case 'number': case 'bigint': return encodeInteger(hexOf(BigInt(value)))
    default:
      if ('oid' in value) return encodeObjectIdentifier(value.oid)
      return encodeElement(TAG.octetString, value.octets)
  }
}

function hexOf (value: bigint): string {
  const digits = (value < 0n ? -value : value).toString(16)
  return `${value < 0n ? '-' : ''}${digits.length % 2 === 0 ? digits : `0${digits}`}`
}
