import { decodeBase64 } from './base64.ts'

/**
 * Splits concatenated DER values, such as HAProxy's `ssl_c_chain_der`, by their outermost lengths. The contents are
 * checked when the certificates are parsed. Returns undefined if the lengths do not add up.
 */
export function splitDerSequence (bytes: Uint8Array): Uint8Array[] | undefined {
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length;) {
    const length = readLength(bytes, at)
    if (length === undefined || at + length > bytes.length) return undefined
    parts.push(bytes.subarray(at, at + length))
    at += length
  }
  return parts.length === 0 ? undefined : parts
}

/** Decodes the base64 of such a concatenation. */
export function decodeBase64Sequence (text: string): Uint8Array[] | undefined {
  const bytes = decodeBase64(text)
  return bytes === undefined ? undefined : splitDerSequence(bytes)
}

/** Length of the SEQUENCE at an offset, header included; up to 16 MiB (X.690 section 8.1.3). */
function readLength (bytes: Uint8Array, at: number): number | undefined {
  const [tag, first] = [bytes[at], bytes[at + 1]]
  if (tag !== 0x30 || first === undefined || first === 0x80) return undefined
  if (first < 0x80) return 2 + first
  const octets = first & 0x7f
  if (octets > 3 || at + 2 + octets > bytes.length) return undefined
  let length = 0
  for (let index = 0; index < octets; index++) length = length * 256 + (bytes[at + 2 + index] as number)
  return 2 + octets + length
}
