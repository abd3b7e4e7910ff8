import crypto from 'node:crypto'
import { TAG, decodeSignedHex, toHex } from '../der/primitives.ts'
import { DerReader, readElement } from '../der/reader.ts'
import { clip } from '../internal/text.ts'
import { readName } from '../name/decode.ts'

/** What identifies a certificate in a log line, even if it cannot be parsed. Nothing of it is verified. */
export interface CertificateSummary {
  /**
   * RFC 4514 text of the subject, at most 256 characters; undefined if the subject is empty, longer than 1,024 bytes,
   * or cannot be parsed.
   */
  readonly subject: string | undefined
  /**
   * Lower-case hex as encoded, at most the first 20 bytes (RFC 5280 section 4.1.2.2), or `-` and the amount of a
   * negative one of at most 20 bytes; undefined if it cannot be parsed.
   */
  readonly serialNumber: string | undefined
  /** SHA-256 of the bytes, lower-case hex. */
  readonly fingerprint256: string
}

const MAX_NAME_OCTETS = 1_024
const MAX_SERIAL_OCTETS = 20
const MAX_TEXT = 256

/**
 * Identifies a certificate for logs in bounded time, even one that the strict parser refuses.
 *
 * @param der one certificate, or bytes that claim to be one
 * @example
 * ```ts
 * const { subject, fingerprint256 } = summarizeCertificate(client.der)
 * console.log(subject, fingerprint256) // CN=alice,OU=billing 5f3a…
 * ```
 */
export function summarizeCertificate (der: Uint8Array): CertificateSummary {
  const fingerprint256 = crypto.hash('sha256', der, 'hex')
  let serialNumber: string | undefined
  let subject: string | undefined
  try {
    const tbs = new DerReader(der).enter(TAG.sequence).enter(TAG.sequence)
    tbs.optional(0xa0)
    const serial = tbs.expect(TAG.integer)
    serialNumber = readSerial(der, serial.contentStart, serial.end)
    // Algorithm, issuer and validity.
    for (let i = 0; i < 3; i++) tbs.expect(TAG.sequence)
    const name = readElement(der, tbs.offset, der.length)
    if (name.tag === TAG.sequence && name.end - name.start <= MAX_NAME_OCTETS) {
      subject = clip(String(readName(der, name.start, name.end)), MAX_TEXT)
    }
  } catch {
    // Return what could be parsed so far.
  }
  return Object.freeze({ subject: subject === '' ? undefined : subject, serialNumber, fingerprint256 })
}

function readSerial (der: Uint8Array, start: number, end: number): string {
  if ((der[start] as number) >= 0x80 && end - start <= MAX_SERIAL_OCTETS) return decodeSignedHex(der, start, end)
  const from = der[start] === 0 && end - start > 1 ? start + 1 : start
  return toHex(der, from, Math.min(end, from + MAX_SERIAL_OCTETS))
}
