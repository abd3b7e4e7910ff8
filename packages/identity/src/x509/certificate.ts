import { TAG, checkInteger, decodeBitString, decodeSignedHex, decodeSmallInteger } from '../der/primitives.ts'
import { DerReader, enterOnly, expectElement } from '../der/reader.ts'
import type { DerElement } from '../der/reader.ts'
import { decodeTime } from '../der/text.ts'
import { asCertificateError, malformed } from '../errors.ts'
import { readAlgorithm } from './algorithm.ts'
import type { AlgorithmIdentifier } from './algorithm.ts'
import { readExtensions } from './extensions.ts'
import type { Extension } from './extensions.ts'

/**
 * A flaw of certificates that real CAs issue and OpenSSL accepts. It is refused unless it is tolerated.
 *
 * - `alt-names` (RFC 5280 section 4.2.1.6): alternative names without any name, a DNS name, URI or mail address that
 *   is empty or not printable ASCII, an IP address of a wrong length, another name whose text is not valid. The kind of
 *   a name that cannot be read is unknown.
 * - `serial-number` (RFC 5280 section 4.1.2.2): a negative serial number, which is `-` and the digits of its amount.
 */
export type CertificateFlaw = 'alt-names' | 'serial-number'

/** Every flaw that can be tolerated. */
export const CERTIFICATE_FLAWS: readonly CertificateFlaw[] = Object.freeze(['alt-names', 'serial-number'])

/**
 * Maximum size of a certificate, in bytes. OpenSSL accepts no longer chain in a handshake
 * (SSL_MAX_CERT_LIST_DEFAULT).
 */
export const MAX_CERTIFICATE_OCTETS = 102_400

/**
 * Maximum length of a serial number, in bytes. RFC 5280 section 4.1.2.2 allows 20, but private CAs exceed it, which
 * is harmless within a limit.
 */
export const MAX_SERIAL_OCTETS = 64

/**
 * The fields of a certificate as byte ranges, not interpreted. All byte fields are views of `der`, which must not be
 * modified.
 */
export interface CertificateFields {
  readonly der: Uint8Array
  /** The signed bytes, header included. */
  readonly tbs: Uint8Array
  readonly version: 1 | 2 | 3
  /**
   * Lower-case hex, an even number of digits, without the sign byte. A negative one, if tolerated, is `-` and its
   * amount.
   */
  readonly serialNumber: string
  readonly signatureAlgorithm: AlgorithmIdentifier
  /** The issuer's Name, header included. */
  readonly issuerRaw: Uint8Array
  readonly subjectRaw: Uint8Array
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** SubjectPublicKeyInfo, header included. */
  readonly subjectPublicKeyInfo: Uint8Array
  /** The signature's bytes. */
  readonly signature: Uint8Array
  /** By OID in dotted decimals, in encoded order. */
  readonly extensions: ReadonlyMap<string, Extension>
}

/**
 * Reads one certificate (RFC 5280 section 4.1) that fills `der` exactly. Structure, times, serial number and the
 * frames of extensions are checked. Names and extension values have their own parsers.
 *
 * @param tolerate the flaws that are not refused. Of these, only `serial-number` is in what this function reads
 * @throws CertificateInvalidError with `reason` and `offset`
 * @example
 * ```ts
 * const { serialNumber, notAfter, extensions } = readCertificate(client.der)
 * console.log(serialNumber, new Date(notAfter), [...extensions.keys()])
 * ```
 */
export function readCertificate (
  der: Uint8Array, tolerate: readonly CertificateFlaw[] = NONE
): CertificateFields {
  try {
    return readFields(der, tolerate)
  } catch (error) {
    throw asCertificateError(error)
  }
}

const NONE: readonly CertificateFlaw[] = Object.freeze([])

/** Like `readCertificate`, with `MTLS_ERR_DER_INVALID`. */
export function readFields (der: Uint8Array, tolerate: readonly CertificateFlaw[] = NONE): CertificateFields {
  checkInput(der)
  const certificate = enterOnly(der, 0, der.length)
  const tbs = certificate.expect(TAG.sequence)
  const algorithm = certificate.expect(TAG.sequence)
  const signature = certificate.expect(TAG.bitString)
  certificate.finish()
  const fields = readTbs(certificate.inside(tbs), algorithm, tolerate)
  const bits = decodeBitString(der, signature.contentStart, signature.end)
  if (bits.unused !== 0) malformed('bit_string_invalid', signature.contentStart, 'signature is not whole bytes')
  return {
    der,
    tbs: view(der, tbs),
    signatureAlgorithm: readAlgorithm(der, algorithm),
    signature: der.subarray(bits.start, bits.end),
    ...fields,
  }
}

const FOUND_PEM = 'found PEM; expected DER: decodePem(…)[0]'
/** The first byte of every certificate in DER. */
const SEQUENCE = 0x30
/** The longest text before a PEM block that is looked through, such as the attributes that OpenSSL prints. */
const TEXT_BEFORE_PEM = 4096

function isPem (value: unknown): boolean {
  return typeof value === 'string' && value.includes('-----BEGIN ')
}

/** Refuses PEM, what is no Uint8Array, and more than `MAX_CERTIFICATE_OCTETS`, before it is copied or read. */
export function checkInput (der: Uint8Array): void {
  if (!(der instanceof Uint8Array)) {
    if (isPem(der)) malformed('not_bytes', 0, FOUND_PEM)
    malformed('not_bytes', 0, `expected a Uint8Array of DER, found ${der === null ? 'null' : typeof der}`)
  }
  const isText = der[0] !== SEQUENCE && isPem(Buffer.from(der.subarray(0, TEXT_BEFORE_PEM)).toString('latin1'))
  if (isText) malformed('tag_unexpected', 0, FOUND_PEM)
  if (der.length > MAX_CERTIFICATE_OCTETS) {
    malformed('too_large', 0, `${der.length} bytes, at most ${MAX_CERTIFICATE_OCTETS}`)
  }
}

function readTbs (
  tbs: DerReader,
  outerAlgorithm: DerElement,
  tolerate: readonly CertificateFlaw[]
): Omit<CertificateFields, 'der' | 'tbs' | 'signatureAlgorithm' | 'signature'> {
  const { bytes } = tbs
  const version = readVersion(tbs)
  const serialNumber = readSerialNumber(tbs, tolerate)
  const algorithm = tbs.expect(TAG.sequence)
  // The outer algorithm is not signed: an attacker could change how the signature is read (RFC 5280 section 4.1.1.2).
  if (!sameBytes(bytes, algorithm, outerAlgorithm)) malformed('signature_algorithm_mismatch', algorithm.start)
  const issuer = tbs.expect(TAG.sequence)
  const validity = tbs.enter(TAG.sequence)
  const notBefore = readTime(validity)
  const notAfter = readTime(validity)
  validity.finish()
  const subject = tbs.expect(TAG.sequence)
  const publicKey = tbs.expect(TAG.sequence)
  checkPublicKey(tbs.inside(publicKey))
  checkUniqueIds(tbs, version)
  const extensions = readExtensions(tbs, version)
  tbs.finish()
  return {
    version,
    serialNumber,
    issuerRaw: view(bytes, issuer),
    notBefore,
    notAfter,
    subjectRaw: view(bytes, subject),
    subjectPublicKeyInfo: view(bytes, publicKey),
    extensions,
  }
}

function readVersion (tbs: DerReader): 1 | 2 | 3 {
  if (tbs.peek() !== 0xa0) return 1
  const explicit = tbs.enter(0xa0)
  const element = explicit.expect(TAG.integer)
  explicit.finish()
  const version = decodeSmallInteger(tbs.bytes, element.contentStart, element.end)
  // Version 1 is the default, and DER does not encode defaults.
  if (version !== 1 && version !== 2) malformed('version_invalid', element.start, `version number ${version}`)
  return version === 1 ? 2 : 3
}

function readSerialNumber (tbs: DerReader, tolerate: readonly CertificateFlaw[]): string {
  const { start, contentStart, end } = tbs.expect(TAG.integer)
  checkInteger(tbs.bytes, contentStart, end)
  if ((tbs.bytes[contentStart] as number) >= 0x80 && !tolerate.includes('serial-number')) {
    malformed('serial_number_invalid', start, 'negative')
  }
  const from = tbs.bytes[contentStart] === 0 && end - contentStart > 1 ? contentStart + 1 : contentStart
  if (end - from > MAX_SERIAL_OCTETS) {
    malformed('too_large', start, `serial number of ${end - from} bytes, at most ${MAX_SERIAL_OCTETS}`)
  }
  return decodeSignedHex(tbs.bytes, contentStart, end)
}

function readTime (validity: DerReader): number {
  const element = validity.next()
  return decodeTime(validity.bytes, element.tag, element.contentStart, element.end)
}

function checkPublicKey (reader: DerReader): void {
  readAlgorithm(reader.bytes, reader.expect(TAG.sequence))
  const key = reader.expect(TAG.bitString)
  reader.finish()
  decodeBitString(reader.bytes, key.contentStart, key.end)
}

function checkUniqueIds (tbs: DerReader, version: number): void {
  for (const tag of [0x81, 0x82]) {
    const element = tbs.optional(tag)
    if (element === undefined) continue
    if (version === 1) malformed('version_invalid', element.start, 'unique identifier in version 1')
    decodeBitString(tbs.bytes, element.contentStart, element.end)
  }
}

function sameBytes (bytes: Uint8Array, a: DerElement, b: DerElement): boolean {
  if (a.end - a.start !== b.end - b.start) return false
  for (let i = 0; i < a.end - a.start; i++) if (bytes[a.start + i] !== bytes[b.start + i]) return false
  return true
}

function view (bytes: Uint8Array, element: DerElement): Uint8Array {
  return bytes.subarray(element.start, element.end)
}

/**
 * End of the Certificate at `offset`, to split concatenated certificates. @throws CertificateInvalidError
 *
 * @example
 * ```ts
 * const both = Buffer.concat([client.der, ca.der])
 * const end = certificateEnd(both)
 * console.log(end === client.der.length, certificateEnd(both, end) === both.length) // true true
 * ```
 */
export function certificateEnd (bytes: Uint8Array, offset = 0): number {
  try {
    return expectElement(bytes, offset, bytes.length, TAG.sequence).end
  } catch (error) {
    throw asCertificateError(error)
  }
}
