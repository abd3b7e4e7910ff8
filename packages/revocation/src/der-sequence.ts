import { DerReader, type DerElement } from '@peerkit/identity/der'

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
