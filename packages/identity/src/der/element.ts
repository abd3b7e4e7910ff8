import { malformed } from '../reasons.ts'

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
 * @throws MTLS_ERR_DER_INVALID
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
 * Reads the element at `offset`, which must have this tag. @throws MTLS_ERR_DER_INVALID
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
 * @throws MTLS_ERR_DER_INVALID
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

function hex (octet: number): string {
  return octet.toString(16).padStart(2, '0')
}
