import { encodeSignedHex } from '@peerkit/identity/der'

// Writes the DER that an OCSP request needs (RFC 6960 section 4.1.1).

/** One element of a tag around the concatenation of its parts. */
export function writeElement (tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts)
  if (content.length < 0x80) return Buffer.concat([Uint8Array.of(tag, content.length), content])
  const octets: number[] = []
  for (let rest = content.length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  return Buffer.concat([Uint8Array.of(tag, 0x80 | octets.length, ...octets), content])
}

/** An INTEGER from its hex, as `PeerIdentity.serialNumber`. */
export function writeInteger (hex: string): Uint8Array {
  return writeElement(0x02, encodeSignedHex(hex))
}

/** An OBJECT IDENTIFIER from its dotted form; arcs of up to 32 bits. */
export function writeOid (dotted: string): Uint8Array {
  const [first, second, ...rest] = dotted.split('.').map(Number)
  const octets = [first! * 40 + second!, ...rest].flatMap((arc) => {
    const digits = [arc & 0x7f]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) digits.unshift((left & 0x7f) | 0x80)
    return digits
  })
  return writeElement(0x06, Uint8Array.from(octets))
}
