import { malformed } from '@peerkit/identity/der'

const OCTET_STRING = 0x04
const CONSTRUCTED = 0x20
const MAX_DEPTH = 32

interface Element { readonly der: Uint8Array, readonly end: number }

/**
 * Rewrites BER as DER (X.690 section 10): definite lengths of the fewest octets, and octet strings in one piece. Java's
 * BouncyCastle and EJBCA write PKCS#12 with indefinite lengths. Only the encoding of lengths and octet strings is
 * changed. The order of sets and the contents of primitive values stay as they are.
 *
 * @throws DerInvalidError
 */
export function toDer (bytes: Uint8Array): Uint8Array {
  const { der, end } = rewrite(bytes, 0, bytes.length, 0)
  if (end !== bytes.length) malformed('trailing_data', end)
  return der
}

function rewrite (bytes: Uint8Array, at: number, limit: number, depth: number): Element {
  if (depth > MAX_DEPTH) malformed('too_deep', at)
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined || at + 2 > limit) return malformed('truncated', at)
  if ((tag & 0x1f) === 0x1f || tag === 0) malformed('tag_unsupported', at)
  const isConstructed = (tag & CONSTRUCTED) !== 0
  if (first === 0x80) {
    if (!isConstructed) malformed('length_indefinite', at)
    const { parts, end } = rewriteParts(bytes, at + 2, limit, depth, true)
    return { der: join(tag, parts), end }
  }
  const { start, end } = readLength(bytes, at, first)
  if (end > limit) malformed('truncated', at)
  if (!isConstructed) return { der: encode(tag, [bytes.subarray(start, end)]), end }
  return { der: join(tag, rewriteParts(bytes, start, end, depth, false).parts), end }
}

function readLength (bytes: Uint8Array, at: number, first: number): { start: number, end: number } {
  if (first < 0x80) return { start: at + 2, end: at + 2 + first }
  const octets = first & 0x7f
  if (octets > 4) malformed('too_large', at)
  let length = 0
  for (let index = 0; index < octets; index += 1) {
    length = length * 256 + (bytes[at + 2 + index] ?? malformed('truncated', at))
  }
  return { start: at + 2 + octets, end: at + 2 + octets + length }
}

/** Rewrites the elements of a constructed one, up to its end or, with an indefinite length, two zero octets. */
function rewriteParts (
  bytes: Uint8Array, start: number, limit: number, depth: number, isIndefinite: boolean
): { parts: Uint8Array[], end: number } {
  const parts: Uint8Array[] = []
  for (let at = start; ;) {
    if (isIndefinite && bytes[at] === 0 && bytes[at + 1] === 0 && at + 2 <= limit) return { parts, end: at + 2 }
    if (!isIndefinite && at === limit) return { parts, end: at }
    const { der, end } = rewrite(bytes, at, limit, depth + 1)
    parts.push(der)
    at = end
  }
}

/** Joins elements. The pieces of an octet string become one. */
function join (tag: number, parts: readonly Uint8Array[]): Uint8Array {
  if (tag !== (OCTET_STRING | CONSTRUCTED)) return encode(tag, parts)
  return encode(OCTET_STRING, parts.map((piece) => {
    if (piece[0] !== OCTET_STRING) malformed('tag_unexpected', 0)
    const first = piece[1] ?? 0
    return piece.subarray(first < 0x80 ? 2 : 2 + (first & 0x7f))
  }))
}

function encode (tag: number, parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const hex = length.toString(16)
  const octets = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  const header = length < 0x80 ? [tag, length] : [tag, 0x80 | octets.length, ...octets]
  return Buffer.concat([Buffer.from(header), ...parts])
}
