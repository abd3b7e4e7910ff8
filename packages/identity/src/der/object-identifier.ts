import { malformed } from '../errors.ts'

/**
 * Maximum length of an OID, in bytes. The longest in real use (2.25.<UUID>) has twenty. Arcs are big integers, so
 * the length must be limited.
 */
export const MAX_OID_OCTETS = 128

interface Decoded { readonly octets: Uint8Array, readonly text: string }

/** Cache of decoded OIDs, by a hash of their bytes: certificates use the same ones repeatedly. */
const decoded: Array<Decoded | undefined> = new Array(256)
const MAX_KEPT_OCTETS = 16

/**
 * Decodes an OBJECT IDENTIFIER's content to dotted decimals (X.690 section 8.19), with arcs of any size.
 *
 * @throws DerInvalidError
 * @example
 * ```ts
 * const content = Buffer.from('550403', 'hex')
 * console.log(decodeObjectIdentifier(content, 0, content.length)) // 2.5.4.3
 * ```
 */
export function decodeObjectIdentifier (bytes: Uint8Array, start: number, end: number): string {
  if (end - start > MAX_KEPT_OCTETS) return decodeArcs(bytes, start, end)
  let slot = end - start
  for (let i = start; i < end; i++) slot = (Math.imul(slot, 31) + (bytes[i] as number)) & 0xff
  const kept = decoded[slot]
  if (kept !== undefined && isSame(kept.octets, bytes, start, end)) return kept.text
  const text = decodeArcs(bytes, start, end)
  // Copy: `slice` of a Buffer is a view, and its owner may write to it.
  decoded[slot] = { octets: Uint8Array.prototype.slice.call(bytes, start, end), text }
  return text
}

function isSame (octets: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (octets.length !== end - start) return false
  for (let i = 0; i < octets.length; i++) if (octets[i] !== bytes[start + i]) return false
  return true
}

function decodeArcs (bytes: Uint8Array, start: number, end: number): string {
  if (end === start || ((bytes[end - 1] as number) & 0x80) !== 0) malformed('oid_invalid', start)
  if (end - start > MAX_OID_OCTETS) malformed('too_large', start, `more than ${MAX_OID_OCTETS} bytes`)
  let text = ''
  for (let i = start; i < end; i++) {
    if (bytes[i] === 0x80) malformed('oid_invalid', i, 'arc not minimal')
    let arc = 0
    let octet = 0x80
    const arcStart = i
    for (; octet >= 0x80; i++) {
      octet = bytes[i] as number
      arc = arc * 128 + (octet & 0x7f)
    }
    i--
    const big = arc > Number.MAX_SAFE_INTEGER ? readBigArc(bytes, arcStart, i + 1) : undefined
    if (text !== '') text += `.${big ?? arc}`
    else text = big !== undefined ? `2.${big - 80n}` : arc < 80 ? `${arc < 40 ? 0 : 1}.${arc % 40}` : `2.${arc - 80}`
  }
  return text
}

function readBigArc (bytes: Uint8Array, start: number, end: number): bigint {
  let arc = 0n
  for (let i = start; i < end; i++) arc = (arc << 7n) | BigInt((bytes[i] as number) & 0x7f)
  return arc
}

// As many arcs and digits as fit in MAX_OID_OCTETS, so that every OID that can be decoded can be written.
const DOTTED = /^(?:[01]\.(?:\d|[1-3]\d)|2\.(?:0|[1-9]\d{0,269}))(?:\.(?:0|[1-9]\d{0,269})){0,127}$/

/**
 * Whether `text` is an OID in dotted decimals, of at least two arcs, without leading zeros.
 *
 * @example
 * ```ts
 * console.log(isObjectIdentifier('2.5.4.3'), isObjectIdentifier('2.5.4.03')) // true false
 * ```
 */
export function isObjectIdentifier (text: string): boolean {
  return DOTTED.test(text)
}
