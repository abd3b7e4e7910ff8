import { describeContent } from '@peerkit/identity/internal'
import { CrlInvalidError } from '../errors.ts'

const BEGIN = Buffer.from('-----BEGIN X509 CRL-----')
const END = Buffer.from('-----END X509 CRL-----')
const SLICE = 1 << 17
const SCANNED = 1 << 22
const WHITE = 64
const BAD = 65

const sextets = new Uint8Array(256).fill(BAD)
for (const [i, letter] of Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/').entries()) {
  sextets[letter.charCodeAt(0)] = i
}
for (const white of ' \t\r\n') sextets[white.charCodeAt(0)] = WHITE

/**
 * Finds the CRLs in PEM text (RFC 7468) or one DER, and yields after each slice. Text between the blocks is ignored.
 * A block without an end, as in a file that is still being written, is refused.
 */
export function * splitCrls (input: string | Uint8Array): Generator<undefined, Uint8Array[]> {
  if (typeof input !== 'string' && input[0] === 0x30) return [input]
  const text =
    typeof input === 'string' ? yield * toOctets(input) : Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  const found: Uint8Array[] = []
  for (let begin = yield * find(text, BEGIN, 0); begin !== -1; begin = yield * find(text, BEGIN, begin)) {
    const start = begin + BEGIN.length
    const end = yield * find(text, END, start)
    if (end === -1) throw new CrlInvalidError('malformed', 'a PEM block has no end (incomplete file?)')
    found.push(yield * decodeBase64(text, start, end))
    begin = end + END.length
  }
  if (found.length === 0) {
    const words = `it is neither DER nor PEM with the label X509 CRL: found ${describeOther(text)}`
    throw new CrlInvalidError('malformed', words)
  }
  return found
}

/** What a text is that has no CRL, by its first PEM block. None of its content is quoted. */
function describeOther (text: Buffer): string {
  const start = text.subarray(0, SLICE).toString('latin1')
  const label = /-----BEGIN ([A-Z0-9][A-Z0-9 ]{0,60})-----/.exec(start)?.[1]
  return label === undefined ? describeContent(start) : `PEM with the label ${label}`
}

/** Even searching 50 MB takes milliseconds, so it is done in slices. */
function * find (text: Buffer, wanted: Buffer, from: number): Generator<undefined, number> {
  for (let at = from; at < text.length; at += SCANNED) {
    const found = text.subarray(at, at + SCANNED + wanted.length - 1).indexOf(wanted)
    if (found !== -1) return at + found
    if (at + SCANNED < text.length) yield undefined
  }
  return -1
}

function * toOctets (text: string): Generator<undefined, Buffer> {
  const octets = Buffer.allocUnsafe(text.length)
  for (let at = 0; at < text.length; at += SLICE) {
    octets.write(text.slice(at, at + SLICE), at, 'latin1')
    if (at + SLICE < text.length) yield undefined
  }
  return octets
}

function * decodeBase64 (text: Buffer, start: number, end: number): Generator<undefined, Uint8Array> {
  let stop = end
  let padding = 0
  for (
    let code = text[stop - 1]!;
    stop > start && (code === 0x3d || sextets[code] === WHITE);
    code = text[--stop - 1]!
  ) {
    if (code === 0x3d) padding++
  }
  const out = new Uint8Array(Math.ceil((stop - start) / 4) * 3)
  let written = 0
  let bits = 0
  let held = 0
  let letters = 0
  for (let at = start; at < stop;) {
    const slice = Math.min(stop, at + SLICE)
    while (at < slice) {
      // The usual case: four base64 characters in a row.
      if (bits === 0 && at + 4 <= slice) {
        const first = sextets[text[at]!]!
        const second = sextets[text[at + 1]!]!
        const third = sextets[text[at + 2]!]!
        const fourth = sextets[text[at + 3]!]!
        if ((first | second | third | fourth) < WHITE) {
          out[written++] = (first << 2) | (second >>> 4)
          out[written++] = (second << 4) | (third >>> 2)
          out[written++] = (third << 6) | fourth
          letters += 4
          at += 4
          continue
        }
      }
      const sextet = sextets[text[at++]!]!
      if (sextet === WHITE) continue
      if (sextet === BAD) {
        throw new CrlInvalidError('malformed', `a PEM block has a character that is not base64 at offset ${at - 1}`)
      }
      held = (held << 6) | sextet
      letters++
      bits += 6
      if (bits === 24) {
        out[written++] = held >>> 16
        out[written++] = held >>> 8
        out[written++] = held
        bits = held = 0
      }
    }
    if (at < stop) yield undefined
  }
  if (padding > 2 || (letters + padding) % 4 !== 0) {
    throw new CrlInvalidError('malformed', 'a PEM block is not complete base64')
  }
  for (let rest = bits; rest >= 8; rest -= 8) out[written++] = held >>> (rest - 8)
  return out.subarray(0, written)
}
