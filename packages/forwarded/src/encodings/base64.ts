const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/** Decodes canonical base64 (RFC 4648 section 4); undefined for anything else: two texts for one certificate are one too many. */
export function decodeBase64 (text: string): Uint8Array | undefined {
  if (!BASE64.test(text)) return undefined
  // Buffer forgives stray bits and missing padding; encoding it again does not.
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}
