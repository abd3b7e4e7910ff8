import { createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto'
import type * as x509 from '@peculiar/x509'
import { TAG } from '@peerkit/identity/der'
import { DevCaOptionError } from '../errors.ts'
import type { ValidityOptions } from '../options.ts'
import { encodeElement, encodeInteger, encodeSequence, encodeTime } from './der.ts'
import type { KeyPair } from './key-pair.ts'

const DAY = 86_400_000
const CLOCK_LEEWAY = 5 * 60_000

export interface CertificateFields {
  /** Encoded names, which are used byte by byte. */
  readonly subject: Uint8Array
  readonly issuer: Uint8Array
  readonly keys: KeyPair
  readonly signer: KeyPair
  readonly validity: ValidityOptions
  readonly defaultDays: number
  readonly serialNumber?: string | undefined
  readonly extensions: readonly x509.Extension[]
}

/** A signed certificate, and its serial number in lower-case hexadecimal without leading zero octets. */
export interface SignedCertificate { readonly der: Uint8Array, readonly serialNumber: string }

/** Builds a certificate from the given fields, without checks, and signs it (RFC 5280 section 4.1). */
export function signCertificate (
  {
    subject,
    issuer,
    keys,
    signer,
    validity,
    defaultDays,
    serialNumber = randomSerialNumber(),
    extensions
  }: CertificateFields
): SignedCertificate {
  const { notBefore, notAfter } = readValidity(validity, defaultDays)
  const tbs = encodeSequence(
    // v3
    encodeElement(0xa0, encodeInteger('02')),
    encodeInteger(serialNumber),
    signer.signatureAlgorithm,
    issuer,
    encodeSequence(encodeTime(notBefore), encodeTime(notAfter)),
    subject,
    createPublicKey(keys.pem).export({ type: 'spki', format: 'der' }),
    encodeElement(0xa3, encodeSequence(...extensions.map(({ rawData }) => new Uint8Array(rawData))))
  )
  const signature = sign(signer.digest, tbs, createPrivateKey(signer.pem))
  return {
    // A copy, because a Buffer may share its memory with others.
    der: new Uint8Array(
      encodeSequence(tbs, signer.signatureAlgorithm, encodeElement(TAG.bitString, Buffer.from([0]), signature))
    ),
    serialNumber: serialNumber.toLowerCase().replace(/^(00)+/, '')
  }
}

/** 16 bytes, the first from 0x40 to 0x7f: positive, of fixed length, 126 random bits (RFC 5280 section 4.1.2.2). */
function randomSerialNumber (): string {
  const octets = randomBytes(16)
  octets[0] = 0x40 | ((octets[0] ?? 0) & 0x3f)
  return octets.toString('hex')
}

function readValidity (
  { days, notBefore, notAfter }: ValidityOptions,
  defaultDays: number
): { notBefore: Date, notAfter: Date } {
  if (days !== undefined && notAfter !== undefined) {
    throw new DevCaOptionError('days and notAfter are both given; expected one')
  }
  const start = notBefore ?? new Date(Math.min(Date.now(), notAfter?.getTime() ?? Infinity) - CLOCK_LEEWAY)
  const end = notAfter ?? new Date((notBefore?.getTime() ?? Date.now()) + (days ?? defaultDays) * DAY)
  // GeneralizedTime has a year of four digits (RFC 5280 section 4.1.2.5.2).
  if (!(end.getUTCFullYear() <= 9999)) {
    throw new DevCaOptionError(`days is ${String(days)}; expected an end before the year 10000`)
  }
  if (!(end > start)) {
    throw new DevCaOptionError(`notAfter ${end.toISOString()} is not after notBefore ${start.toISOString()}`)
  }
  return { notBefore: start, notAfter: end }
}
