/** RFC 9440 section 2.1: a Structured Field byte sequence (RFC 8941 section 3.3.5), `:` base64 `:`. */
const BYTE_SEQUENCE = /^:([A-Za-z0-9+/]+={0,2}):$/

/** Decodes one byte sequence item; undefined where the text is anything else, parameters included. */
export function decodeByteSequence (text: string): Uint8Array | undefined {
  const encoded = BYTE_SEQUENCE.exec(text)?.[1]
  if (encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  // Buffer forgives stray bits and missing padding; two texts for one certificate are one too many.
  return bytes.toString('base64') === encoded ? bytes : undefined
}

/** Decodes `Client-Cert-Chain`: a list of byte sequences (RFC 9440 section 2.3). */
export function decodeByteSequenceList (text: string): Uint8Array[] | undefined {
  const items = text.split(',').map((item) => decodeByteSequence(item.replace(/^[ \t]+|[ \t]+$/g, '')))
  return items.includes(undefined) ? undefined : items as Uint8Array[]
}
