import { malformed } from '../reasons.ts'
import { expectElement, readElement } from './element.ts'
import type { DerElement } from './element.ts'
import { decodeObjectIdentifier } from './object-identifier.ts'
import { checkInteger, checkNull, decodeBitString, decodeBoolean } from './primitives.ts'
import { TAG } from './tags.ts'
import { decodeText } from './text.ts'

/** Maximum nesting. The deepest X.509 structure needs ten levels. */
export const MAX_DEPTH = 32

/**
 * A cursor over the elements in a range of bytes. Its errors are `MTLS_ERR_DER_INVALID` with `reason` and `offset`.
 *
 * @example
 * ```ts
 * const certificate = new DerReader(client.der).enter(TAG.sequence)
 * const tbs = certificate.enter(TAG.sequence)
 * tbs.optional(0xa0) // the version
 * const serial = tbs.expect(TAG.integer)
 * console.log(decodeIntegerHex(client.der, serial.contentStart, serial.end) === client.serialNumber) // true
 * ```
 */
export class DerReader {
  readonly bytes: Uint8Array
  readonly end: number
  readonly depth: number
  /** Start of the next element. */
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

  /** Reads the next element. */
  next (): DerElement {
    const element = readElement(this.bytes, this.offset, this.end)
    this.offset = element.end
    return element
  }

  /** Reads the next element, which must have this tag. */
  expect (tag: number): DerElement {
    const element = expectElement(this.bytes, this.offset, this.end, tag)
    this.offset = element.end
    return element
  }

  /** Reads the next element if it has this tag; otherwise nothing is consumed. */
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

  /** Throws unless everything was consumed. */
  finish (): void {
    if (this.offset !== this.end) malformed('trailing_data', this.offset)
  }
}

/**
 * Checks that `[start, end)` has only well-formed elements, at every level, including the contents of primitive
 * types. For values of unknown types.
 *
 * @throws MTLS_ERR_DER_INVALID
 * @example
 * ```ts
 * checkWellFormed(client.der, 0, client.der.length) // throws where it is not DER
 * ```
 */
export function checkWellFormed (bytes: Uint8Array, start: number, end: number, depth = 0): void {
  const reader = new DerReader(bytes, start, end, depth)
  while (!reader.done) checkElement(bytes, reader.next(), depth)
}

function checkElement (bytes: Uint8Array, { tag, start, contentStart, end }: DerElement, depth: number): void {
  if ((tag & 0x20) !== 0) {
    // Of the universal types, DER allows only SEQUENCE, SET, EXTERNAL and EMBEDDED PDV to be constructed, and no
    // strings (X.690 section 10.2).
    if (tag < 0x40 && tag !== TAG.sequence && tag !== TAG.set && tag !== 0x28 && tag !== 0x2b) {
      malformed('tag_unexpected', start, 'constructed primitive type')
    }
    return checkWellFormed(bytes, contentStart, end, depth + 1)
  }
  switch (tag) {
    case TAG.boolean: decodeBoolean(bytes, contentStart, end); break
    case TAG.integer: case TAG.enumerated: checkInteger(bytes, contentStart, end); break
    case TAG.bitString: decodeBitString(bytes, contentStart, end); break
    case TAG.null: checkNull(contentStart, end); break
    case TAG.objectIdentifier: decodeObjectIdentifier(bytes, contentStart, end); break
    case TAG.bmpString: case TAG.universalString: decodeText(bytes, tag, contentStart, end); break
    // Outside a certificate's validity, times may have fractions. Check only the minimum length.
    case TAG.utcTime:
    case TAG.generalizedTime:
      if (end - contentStart < (tag === TAG.utcTime ? 13 : 15)) malformed('time_invalid', start)
      break
    case 0x10:
    case 0x11:
      malformed('tag_unexpected', start, 'primitive SEQUENCE or SET')
      break
    default:
  }
}
