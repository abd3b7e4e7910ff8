import { createPrivateKey, sign } from 'node:crypto'
import { encodePem } from '@peerkit/identity'
import { TAG } from '@peerkit/identity/der'
import { EXTENSION } from '@peerkit/identity/x509'
import { encodeElement, encodeInteger, encodeObjectIdentifier, encodeSequence, encodeTime } from '../certificate/der.ts'
import type { KeyPair } from '../certificate/key-pair.ts'
import { DevCaOptionError } from '../errors.ts'
import type { CrlOptions, RevocationReason } from '../options.ts'

const { authorityKeyIdentifier, crlNumber, deltaCrlIndicator, reasonCode } = EXTENSION
const WEEK = 7 * 86_400_000

/** CRLReason (RFC 5280 section 5.3.1); 7 is not used. */
const REASONS: Readonly<Record<RevocationReason, number>> = {
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
}

export interface Revocation {
  readonly serialNumber: string
  readonly reason: RevocationReason | undefined
  readonly date: Date
  /** The number of the last CRL before the revocation. */
  readonly after: number
}

/** A signed CRL. */
export interface Crl { readonly pem: string, readonly der: Uint8Array, readonly number: number }

/** The signer: encoded subject, key identifier and key. */
export interface CrlIssuer { readonly name: Uint8Array, readonly keyIdentifier: Uint8Array, readonly keys: KeyPair }

/** @throws DevCaOptionError for an unknown reason */
export function checkReason (reason: string | undefined): void {
  if (reason !== undefined && !Object.hasOwn(REASONS, reason)) {
    throw new DevCaOptionError(`reason is "${reason}"; expected one of ${Object.keys(REASONS).join(', ')}`)
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
    encodeInteger('01'),
    algorithm,
    issuer.name,
    encodeTime(thisUpdate),
    ...(nextUpdate === null ? [] : [encodeTime(nextUpdate)]),
    // RFC 5280 section 5.1.2.6: absent, not empty, if nothing is revoked.
    ...(listed.length === 0 ? [] : [encodeSequence(...listed.map(encodeRevocation))]),
    encodeElement(0xa0, encodeSequence(
      encodeExtension(authorityKeyIdentifier, false, encodeSequence(encodeElement(0x80, issuer.keyIdentifier))),
      encodeExtension(crlNumber, false, encodeNumber(number)),
      ...(deltaBase === undefined ? [] : [encodeExtension(deltaCrlIndicator, true, encodeNumber(deltaBase))])
    ))
  )
  const signature = sign(issuer.keys.digest, tbs, createPrivateKey(issuer.keys.pem))
  const der = encodeSequence(tbs, algorithm, encodeElement(TAG.bitString, Buffer.from([0]), signature))
  return { pem: encodePem(der, 'X509 CRL'), der, number }
}

function encodeRevocation ({ serialNumber, reason, date }: Revocation): Uint8Array {
  const code = reason === undefined || reason === 'unspecified' ? undefined : REASONS[reason]
  return encodeSequence(
    encodeInteger(serialNumber),
    encodeTime(date),
    ...(code === undefined
      ? []
      : [encodeSequence(encodeExtension(reasonCode, false, encodeElement(TAG.enumerated, Buffer.from([code]))))])
  )
}

function encodeExtension (oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  return encodeSequence(encodeObjectIdentifier(oid), ...(critical
    ? [encodeElement(TAG.boolean, Buffer.from([0xff]))]
    : []), encodeElement(TAG.octetString, value))
}

function encodeNumber (number: number): Uint8Array {
  return encodeInteger(number.toString(16))
}
