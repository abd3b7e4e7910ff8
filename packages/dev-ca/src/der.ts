import { asn1 } from './oid.ts'

/** Encodes one DER element (X.690 section 8.1) from its tag and the parts of its content. */
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
  return encodeElement(asn1.sequence, ...parts)
}

/** Encodes an OBJECT IDENTIFIER given in dotted form (X.690 section 8.19). */
export function encodeObjectIdentifier (dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const arcs = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc % 128]
    for (let high = Math.floor(arc / 128); high > 0; high = Math.floor(high / 128)) groups.unshift(0x80 | (high % 128))
    return groups
  })
  return encodeElement(asn1.objectIdentifier, Buffer.from(arcs))
}
