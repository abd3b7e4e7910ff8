import { malformed } from '../errors.ts'
import { decodeObjectIdentifier } from './object-identifier.ts'
import { TAG, checkInteger, checkNull, decodeBitString, decodeBoolean } from './primitives.ts'
import { decodeText } from './text.ts'

/** Position of one DER element: `[start, contentStart)` is its header, `[contentStart, end)` its content. */
export interface DerElement {
  /** The identifier byte as encoded: class, constructed bit and number. */
  readonly tag: number
  readonly start: number
  readonly contentStart: number
  readonly end: number
}

/**
 * Reads the header of the element at `offset`, which must end at or before `limit`. Strict (X.690 section 10.1):
 * single-byte tags, and definite lengths in the fewest bytes.
 *
 * @param limit end of the enclosing element; default and maximum: the end of `bytes`
 * @throws DerInvalidError
 * @example
 * ```ts
 * const { tag, end } = readElement(client.der, 0)
 * console.log(tag === TAG.sequence, end === client.der.length) // true true
 * ```
 */
export function readElement (bytes: Uint8Array, offset: number, limit: number = bytes.length): DerElement {
  const bound = limit > bytes.length ? bytes.length : limit
  if (offset + 2 > bound) malformed('truncated', offset)
  const tag = bytes[offset] as number
  // X.509 has no tag number above 30, and 0 is BER's end-of-contents.
  if (tag === 0 || (tag & 0x1f) === 0x1f) malformed('tag_unsupported', offset)
  const first = bytes[offset + 1] as number
  const contentStart = first < 0x80 ? offset + 2 : offset + 2 + (first & 0x7f)
  const end = contentStart + (first < 0x80 ? first : readLongLength(bytes, offset, bound))
  if (end > bound) malformed('truncated', offset)
  return { tag, start: offset, contentStart, end }
}

function readLongLength (bytes: Uint8Array, offset: number, bound: number): number {
  const count = (bytes[offset + 1] as number) & 0x7f
  if (count === 0) malformed('length_indefinite', offset + 1)
  if (offset + 2 + count > bound) malformed('truncated', offset + 1)
  if (bytes[offset + 2] === 0) malformed('length_not_minimal', offset + 1)
  if (count > 4) malformed('too_large', offset + 1)
  let length = 0
  for (let i = 0; i < count; i++) length = length * 256 + (bytes[offset + 2 + i] as number)
  if (length < 0x80) malformed('length_not_minimal', offset + 1)
  return length
}

/**
 * Reads the element at `offset`, which must have this tag. @throws DerInvalidError
 *
 * @example
 * ```ts
 * const { contentStart } = expectElement(client.der, 0, client.der.length, TAG.sequence)
 * const tbs = expectElement(client.der, contentStart, client.der.length, TAG.sequence)
 * console.log(tbs.end < client.der.length) // true: algorithm and signature follow
 * ```
 */
export function expectElement (bytes: Uint8Array, offset: number, limit: number, tag: number): DerElement {
  const element = readElement(bytes, offset, limit)
  if (element.tag !== tag) {
    malformed('tag_unexpected', offset, `expected tag 0x${hex(tag)}, found 0x${hex(element.tag)}`)
  }
  return element
}

/**
 * Reads the one element that fills `[start, end)` exactly.
 *
 * @throws DerInvalidError
 * @example
 * ```ts
 * const certificate = expectOnly(client.der, 0, client.der.length, TAG.sequence)
 * console.log(certificate.end === client.der.length) // true
 * ```
 */
export function expectOnly (bytes: Uint8Array, start: number, end: number, tag: number): DerElement {
  const element = expectElement(bytes, start, end, tag)
  if (element.end !== end) malformed('trailing_data', element.end)
  return element
}

/** A reader over the content of the one element that fills `[start, end)` exactly. */
export function enterOnly (bytes: Uint8Array, start: number, end: number, tag: number = TAG.sequence): DerReader {
  return new DerReader(bytes, start, end).inside(expectOnly(bytes, start, end, tag))
}

function hex (octet: number): string {
  return octet.toString(16).padStart(2, '0')
}

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
 * @throws DerInvalidError
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
