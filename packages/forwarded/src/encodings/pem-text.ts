import { decodeBase64 } from './base64.ts'

const BEGIN = '-----BEGIN CERTIFICATE-----'
const END = '-----END CERTIFICATE-----'
const SPACES = /[ \t\r\n]+/g
const SPACE = /[ \t\r\n]/

/**
 * Decodes certificates in PEM, one or more, with spaces, tabs or newlines between the lines: nothing else may stand before, between or behind them. A header is
 * written by a machine; other labels and comments have no business there. Undefined for anything else.
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
 * The same, percent-encoded once (RFC 3986 section 2.1). A `+` is a `+`: form encoding, which makes it a space, would tear base64 apart, and AWS and nginx do
 * not mean it. Undefined for a broken or a double encoding.
 */
export function decodeEscapedPem (text: string): Uint8Array[] | undefined {
  const plain = decodePercent(text)
  return plain === undefined ? undefined : decodePemText(plain)
}

/** Decodes percent-encoding; undefined where it is broken, or no UTF-8. */
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
