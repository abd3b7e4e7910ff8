import { malformed } from '../reasons.ts'
import { expectElement, readElement } from './element.ts'
import type { DerElement } from './element.ts'

/** Nesting beyond this is refused: the deepest X.509 structure needs ten levels. */
export const MAX_DEPTH = 32

/** A cursor over the elements in one stretch of bytes. Every refusal is `MTLS_ERR_DER_INVALID` with `reason` and `offset`. */
export class DerReader {
  readonly bytes: Uint8Array
  readonly end: number
  readonly depth: number
  /** Where the next element starts. */
  offset: number

  constructor (bytes: Uint8Array, start = 0, end: number = bytes.length, depth = 0) {
    if (depth > MAX_DEPTH) malformed('too_deep', start)
    this.bytes = bytes
    this.offset = start
    this.end = end
    this.depth = depth
  }

  get done (): boolean {
    return this.offset === this.end
  }

  /** The next element's tag, or -1 at the end. */
  peek (): number {
    return this.offset < this.end ? this.bytes[this.offset] as number : -1
  }

  /** The next element, whatever it is. */
  next (): DerElement {
    const element = readElement(this.bytes, this.offset, this.end)
    this.offset = element.end
    return element
  }

  /** The next element, which must have this tag. */
  expect (tag: number): DerElement {
    const element = expectElement(this.bytes, this.offset, this.end, tag)
    this.offset = element.end
    return element
  }

  /** The next element if it has this tag; otherwise nothing is consumed. */
  optional (tag: number): DerElement | undefined {
    return this.peek() === tag ? this.next() : undefined
  }

  /** A reader over the content of the next element, which must have this tag. */
  enter (tag: number): DerReader {
    return this.inside(this.expect(tag))
  }

  /** A reader over the content of `element`. */
  inside (element: DerElement): DerReader {
    return new DerReader(this.bytes, element.contentStart, element.end, this.depth + 1)
  }

  /** Refuses anything left over. */
  finish (): void {
    if (this.offset !== this.end) malformed('trailing_data', this.offset)
  }
}

/**
 * Checks that `[start, end)` is a run of well-formed elements all the way down, for values whose type we do not know.
 *
 * @throws MTLS_ERR_DER_INVALID
 */
export function checkWellFormed (bytes: Uint8Array, start: number, end: number, depth = 0): void {
  const reader = new DerReader(bytes, start, end, depth)
  while (!reader.done) {
    const element = reader.next()
    if ((element.tag & 0x20) !== 0) checkWellFormed(bytes, element.contentStart, element.end, depth + 1)
  }
}
