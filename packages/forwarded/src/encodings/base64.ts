const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/**
 * Decodes canonical base64 (RFC 4648 section 4). Returns undefined for anything else, so that a certificate has only
 * one valid encoding.
 */
export function decodeBase64 (text: string): Uint8Array | undefined {
  if (!BASE64.test(text)) return undefined
  // Buffer accepts stray bits and missing padding. Encoding the result again reveals them.
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}
