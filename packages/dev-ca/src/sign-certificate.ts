import 'reflect-metadata'
import { randomBytes } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { encodeName } from './encode-name.ts'
import { bytes } from './extensions.ts'
import type { KeyPair } from './key-pair.ts'
import type { NameOption, ValidityOptions } from './options.ts'
import { MTLS_ERR_DEV_CA_OPTION } from './errors.ts'

const DAY = 86_400_000
const CLOCK_LEEWAY = 5 * 60_000

export interface CertificateFields {
  readonly subject: NameOption
  readonly issuer: x509.Name
  readonly publicKey: KeyPair['publicKey']
  readonly signer: KeyPair
  readonly validity: ValidityOptions
  readonly defaultDays: number
  readonly serialNumber?: string | undefined
  readonly extensions: readonly x509.Extension[]
}

/** Puts a certificate together and signs it; SKI and the given extensions included. */
export async function signCertificate (fields: CertificateFields): Promise<x509.X509Certificate> {
  const { notBefore, notAfter } = readValidity(fields.validity, fields.defaultDays)
  return await x509.X509CertificateGenerator.create({
    serialNumber: fields.serialNumber ?? randomSerialNumber(),
    subject: new x509.Name(bytes(encodeName(fields.subject))),
    issuer: fields.issuer,
    notBefore,
    notAfter,
    publicKey: fields.publicKey as any,
    signingKey: fields.signer.privateKey as any,
    signingAlgorithm: fields.signer.signingAlgorithm,
    extensions: [...fields.extensions]
  } as any)
}

/** 16 octets, the first between 0x40 and 0x7f: positive, of fixed length, 126 random bits (RFC 5280 section 4.1.2.2). */
function randomSerialNumber (): string {
  const octets = randomBytes(16)
  octets[0] = 0x40 | ((octets[0] ?? 0) & 0x3f)
  return octets.toString('hex')
}

function readValidity ({ days, notBefore, notAfter }: ValidityOptions, defaultDays: number): { notBefore: Date, notAfter: Date } {
  if (days !== undefined && notAfter !== undefined) throw new MTLS_ERR_DEV_CA_OPTION('days and notAfter are both given; expected one')
  const start = notBefore ?? new Date(Math.min(Date.now(), notAfter?.getTime() ?? Infinity) - CLOCK_LEEWAY)
  const end = notAfter ?? new Date((notBefore?.getTime() ?? Date.now()) + (days ?? defaultDays) * DAY)
  // GeneralizedTime has four digits of year (RFC 5280 section 4.1.2.5.2).
  if (!(end.getUTCFullYear() <= 9999)) throw new MTLS_ERR_DEV_CA_OPTION(`days is ${String(days)}; expected an end before the year 10000`)
  if (!(end > start)) throw new MTLS_ERR_DEV_CA_OPTION(`notAfter ${end.toISOString()} is not after notBefore ${start.toISOString()}`)
  return { notBefore: start, notAfter: end }
}
