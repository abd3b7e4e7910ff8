import { decodeBase64 } from './base64.ts'

/**
 * Decodes one byte sequence item, `:` base64 `:` (RFC 9440 section 2.1, RFC 8941 section 3.3.5). Returns undefined
 * for anything else, parameters included.
 */
export function decodeByteSequence (text: string): Uint8Array | undefined {
  return text.length > 2 && text.startsWith(':') && text.endsWith(':') ? decodeBase64(text.slice(1, -1)) : undefined
}

/** Decodes `Client-Cert-Chain`: a list of byte sequences (RFC 9440 section 2.3). */
export function decodeByteSequenceList (text: string): Uint8Array[] | undefined {
  const items = text.split(',').map((item) => decodeByteSequence(item.replace(/^[ \t]+|[ \t]+$/g, '')))
  return items.includes(undefined) ? undefined : items as Uint8Array[]
}
