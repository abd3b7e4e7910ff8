import { createPrivateKey, sign } from 'node:crypto'
import { encodeElement, encodeInteger, encodeObjectIdentifier, encodeSequence, encodeTime } from '../certificate/der.ts'
import { encodePem } from '../certificate/key-pair.ts'
import type { KeyPair } from '../certificate/key-pair.ts'
import { MTLS_ERR_DEV_CA_OPTION } from '../errors.ts'
import { asn1 } from '../oid.ts'

const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35'
const CRL_NUMBER = '2.5.29.20'
const DELTA_CRL_INDICATOR = '2.5.29.27'
const REASON_CODE = '2.5.29.21'
const WEEK = 7 * 86_400_000

/** CRLReason (RFC 5280 section 5.3.1); 7 is not used. */
const REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  removeFromCRL: 8,
  privilegeWithdrawn: 9,
  aACompromise: 10
} as const

/** A reason of RFC 5280 section 5.3.1. */
export type RevocationReason = keyof typeof REASONS

export interface Revocation {
  readonly serialNumber: string
  readonly reason: RevocationReason | undefined
  readonly date: Date
  /** The number of the last CRL before the revocation. */
  readonly after: number
}

/** Options of `revoke`. */
export interface RevokeOptions {
  /** Default: no reason in the CRL. */
  readonly reason?: RevocationReason
  /** Default: now. */
  readonly date?: Date
}

/** Options of `crl`. */
export interface CrlOptions {
  /** Default: now. */
  readonly thisUpdate?: Date
  /** Default: seven days after `thisUpdate`. `null` omits it. */
  readonly nextUpdate?: Date | null
  /** The cRLNumber. Default: the last number plus one. */
  readonly number?: number
  /** Creates a delta CRL: only the certificates that were revoked since the complete CRL with this number, its base. */
  readonly deltaBase?: number
}

/** A signed CRL. */
export interface Crl { readonly pem: string, readonly der: Uint8Array, readonly number: number }

/** The signer: encoded subject, key identifier and key. */
export interface CrlIssuer { readonly name: Uint8Array, readonly keyIdentifier: Uint8Array, readonly keys: KeyPair }

/** @throws MTLS_ERR_DEV_CA_OPTION for an unknown reason */
export function checkReason (reason: string | undefined): void {
  if (reason !== undefined && !Object.hasOwn(REASONS, reason)) {
    throw new MTLS_ERR_DEV_CA_OPTION(`reason is "${reason}"; expected one of ${Object.keys(REASONS).join(', ')}`)
  }
}

/** Signs a certificate revocation list (RFC 5280 section 5). */
export function signCrl (
  issuer: CrlIssuer,
  revocations: readonly Revocation[],
  number: number,
  options: CrlOptions
): Crl {
  const thisUpdate = options.thisUpdate ?? new Date()
  const nextUpdate = options.nextUpdate === undefined ? new Date(thisUpdate.getTime() + WEEK) : options.nextUpdate
  const { deltaBase } = options
  const listed = deltaBase === undefined
    ? revocations.filter(({ reason }) => reason !== 'removeFromCRL')
    : revocations.filter(({ after }) => after >= deltaBase)
  const algorithm = issuer.keys.signatureAlgorithm
  const tbs = encodeSequence(
    encodeInteger(Buffer.from([1])),
    algorithm,
    issuer.name,
    encodeTime(thisUpdate),
    ...(nextUpdate === null ? [] : [encodeTime(nextUpdate)]),
    // RFC 5280 section 5.1.2.6: absent, not empty, if nothing is revoked.
    ...(listed.length === 0 ? [] : [encodeSequence(...listed.map(encodeRevocation))]),
    encodeElement(0xa0, encodeSequence(
      encodeExtension(AUTHORITY_KEY_IDENTIFIER, false, encodeSequence(encodeElement(0x80, issuer.keyIdentifier))),
      encodeExtension(CRL_NUMBER, false, encodeNumber(number)),
      ...(deltaBase === undefined ? [] : [encodeExtension(DELTA_CRL_INDICATOR, true, encodeNumber(deltaBase))])
    ))
  )
  const signature = sign(issuer.keys.digest, tbs, createPrivateKey(issuer.keys.pem))
  const der = encodeSequence(tbs, algorithm, encodeElement(asn1.bitString, Buffer.from([0]), signature))
  return { pem: encodePem('X509 CRL', der), der, number }
}

function encodeRevocation ({ serialNumber, reason, date }: Revocation): Uint8Array {
  const code = reason === undefined || reason === 'unspecified' ? undefined : REASONS[reason]
  return encodeSequence(
    encodeInteger(Buffer.from(serialNumber, 'hex')),
    encodeTime(date),
    ...(code === undefined
      ? []
      : [encodeSequence(encodeExtension(REASON_CODE, false, encodeElement(asn1.enumerated, Buffer.from([code]))))])
  )
}

function encodeExtension (oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  return encodeSequence(encodeObjectIdentifier(oid), ...(critical
    ? [encodeElement(asn1.boolean, Buffer.from([0xff]))]
    : []), encodeElement(asn1.octetString, value))
}

function encodeNumber (number: number): Uint8Array {
  const hex = number.toString(16)
  return encodeInteger(Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, 'hex'))
}
