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

const BEGIN = '-----BEGIN CERTIFICATE-----'
const END = '-----END CERTIFICATE-----'
const SPACES = /[ \t\r\n]+/g
const SPACE = /[ \t\r\n]/

/**
 * Decodes one or more PEM certificates, with spaces, tabs or newlines between the lines. Returns undefined for
 * anything else: a header is written by a machine, so it has no other labels and no comments.
 */
export function decodePemText (text: string): Uint8Array[] | undefined {
  const certificates: Uint8Array[] = []
  for (let at = skipSpaces(text, 0); at < text.length;) {
    if (!text.startsWith(BEGIN, at)) return undefined
    const start = at + BEGIN.length
    const end = text.indexOf(END, start)
    if (end === -1) return undefined
    const der = decodeBase64(text.slice(start, end).replace(SPACES, ''))
    if (der === undefined) return undefined
    certificates.push(der)
    at = skipSpaces(text, end + END.length)
  }
  return certificates.length === 0 ? undefined : certificates
}

/**
 * Decodes percent-encoded PEM (RFC 3986 section 2.1). A `+` is a literal `+`: form encoding would turn it into a
 * space and break base64, and AWS and nginx do not use form encoding. Returns undefined for broken or double
 * encoding.
 */
export function decodeEscapedPem (text: string): Uint8Array[] | undefined {
  const plain = decodePercent(text)
  return plain === undefined ? undefined : decodePemText(plain)
}

/** Decodes percent-encoding. Returns undefined if it is broken or not UTF-8. */
export function decodePercent (text: string): string | undefined {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function skipSpaces (text: string, start: number): number {
  let at = start
  while (at < text.length && SPACE.test(text[at] as string)) at++
  return at
}

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
