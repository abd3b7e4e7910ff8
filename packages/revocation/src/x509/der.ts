import type { PeerIdentity } from '@peerkit/identity'
import {
  DerReader, TAG, decodeBitString, decodeBoolean, decodeIntegerHex, decodeObjectIdentifier, decodeTime, encodeSignedHex,
  type DerElement
} from '@peerkit/identity/der'
import { readCertificate, type Extension } from '@peerkit/identity/x509'

/** The strict reader of `@peerkit/identity/der`, with views of the bytes it has read. */
export class DerSequence extends DerReader {
  /** The elements of the single element of this tag that fills the bytes. */
  static of (bytes: Uint8Array, tag: number): DerSequence {
    const outer = new DerSequence(bytes)
    const inner = outer.open(tag)
    outer.finish()
    return inner
  }

  /** The elements in the next element, which must have this tag. */
  open (tag: number): DerSequence {
    return this.within(this.expect(tag))
  }

  /** The same if the next element has this tag; otherwise undefined, and nothing is consumed. */
  optionalOpen (tag: number): DerSequence | undefined {
    return this.peek() === tag ? this.open(tag) : undefined
  }

  within (element: DerElement): DerSequence {
    return new DerSequence(this.bytes, element.contentStart, element.end, this.depth + 1)
  }

  content (element: DerElement): Uint8Array {
    return this.bytes.subarray(element.contentStart, element.end)
  }

  whole (element: DerElement): Uint8Array {
    return this.bytes.subarray(element.start, element.end)
  }
}

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

const URI = 0x86

/** The next element if it is a GeneralName of the type URI; otherwise undefined, and nothing is consumed. */
export function readUri (from: DerSequence): string | undefined {
  return from.peek() === URI ? Buffer.from(from.content(from.expect(URI))).toString('latin1') : undefined
}

/** The OID of the first critical extension that is not supported. */
export function findUnknownCritical (
  extensions: ReadonlyMap<string, Extension>,
  known: ReadonlySet<string>
): string | undefined {
  for (const [oid, { critical }] of extensions) {
    if (critical && !known.has(oid)) return oid
  }
  return undefined
}

/** The value of an extension of a certificate; undefined if the certificate lacks it or its bytes. */
export function extensionOf ({ raw, tolerated }: PeerIdentity, oid: string): Uint8Array | undefined {
  return raw === undefined ? undefined : readCertificate(raw, tolerated).extensions.get(oid)?.value
}

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
