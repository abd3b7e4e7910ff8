import { decodeBase64 } from './base64.ts'

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
