import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { encodeElement } from './der.ts'
import { bytes } from './extensions.ts'
import type { KeyPair } from './key-pair.ts'
import { encodePem } from './key-pair.ts'
import { asn1 } from './oid.ts'

const CRL_NUMBER = '2.5.29.20'
const DELTA_CRL_INDICATOR = '2.5.29.27'

export type RevocationReason = keyof typeof x509.X509CrlReason

export interface Revocation { readonly serialNumber: string, readonly reason: RevocationReason | undefined, readonly date: Date }

export interface CrlOptions {
  /** Default: now. */
  readonly thisUpdate?: Date
  /** Default: seven days after `thisUpdate`. `null` leaves it out. */
  readonly nextUpdate?: Date | null
  /** cRLNumber. Default: one more than the last. */
  readonly number?: number
  /** Makes a delta CRL: only what was revoked since the complete CRL of this number, which it names as its base. */
  readonly deltaBase?: number
}

export interface Crl { readonly pem: string, readonly der: Uint8Array, readonly number: number }

/** Signs a certificate revocation list (RFC 5280 section 5). */
export async function signCrl (issuer: x509.X509Certificate, signer: KeyPair, revocations: readonly Revocation[], number: number, options: CrlOptions): Promise<Crl> {
  const thisUpdate = options.thisUpdate ?? new Date()
  const nextUpdate = options.nextUpdate === undefined ? new Date(thisUpdate.getTime() + 7 * 86_400_000) : options.nextUpdate
  const crl = await x509.X509CrlGenerator.create({
    issuer: issuer.subjectName as any,
    thisUpdate,
    ...(nextUpdate !== null && { nextUpdate }),
    signingAlgorithm: signer.signingAlgorithm,
    signingKey: signer.privateKey as any,
    extensions: [
      await x509.AuthorityKeyIdentifierExtension.create(issuer, false),
      new x509.Extension(CRL_NUMBER, false, encodeNumber(number)),
      ...(options.deltaBase === undefined ? [] : [new x509.Extension(DELTA_CRL_INDICATOR, true, encodeNumber(options.deltaBase))])
    ],
    entries: revocations.map(({ serialNumber, reason, date }) => ({
      serialNumber, revocationDate: date, ...(reason !== undefined && { reason: x509.X509CrlReason[reason] })
    }))
  })
  const der = new Uint8Array(crl.rawData)
  return { pem: encodePem('X509 CRL', der), der, number }
}

function encodeNumber (number: number): Uint8Array<ArrayBuffer> {
  const hex = number.toString(16)
  const octets = Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, 'hex')
  return bytes(encodeElement(asn1.integer, (octets[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), octets]) : octets))
}
