import { TAG, encodeSignedHex } from '@peerkit/identity/der'

/** Encodes a DER element (X.690 section 8.1) from its tag and the parts of its content. */
export function encodeElement (tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag]), encodeLength(content.length), content])
}

function encodeLength (length: number): Uint8Array {
  if (length < 0x80) return Buffer.from([length])
  const octets: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  return Buffer.from([0x80 | octets.length, ...octets])
}

export function encodeSequence (...parts: readonly Uint8Array[]): Uint8Array {
  return encodeElement(TAG.sequence, ...parts)
}

/** Encodes an OBJECT IDENTIFIER given in dotted form (X.690 section 8.19). */
export function encodeObjectIdentifier (dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const arcs = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc % 128]
    for (let high = Math.floor(arc / 128); high > 0; high = Math.floor(high / 128)) groups.unshift(0x80 | (high % 128))
    return groups
  })
  return encodeElement(TAG.objectIdentifier, Buffer.from(arcs))
}

/** Encodes an INTEGER that is not negative, from its hexadecimal digits. */
export function encodeInteger (hex: string): Uint8Array {
  return encodeElement(TAG.integer, encodeSignedHex(hex))
}

/** UTCTime up to 2049, GeneralizedTime from then on (RFC 5280 section 4.1.2.5). */
export function encodeTime (date: Date): Uint8Array {
  const text = date.toISOString().replace(/[-:T]|\.\d+/g, '')
  const year = date.getUTCFullYear()
  return year >= 1950 && year < 2050
    ? encodeElement(TAG.utcTime, Buffer.from(text.slice(2)))
    : encodeElement(TAG.generalizedTime, Buffer.from(text))
}
