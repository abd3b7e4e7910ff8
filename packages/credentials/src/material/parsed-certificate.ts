import { X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { decodePem, equalDistinguishedNames, nameKey, parsePeerIdentity, rdnKeys } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { derOf, describeContent } from '@peerkit/identity/internal'
import { refused } from '../errors.ts'
import type { OpaqueKey } from '../pkcs11/opaque-key.ts'
import { textOf } from './material.ts'
import type { Pem } from './material.ts'

/** A certificate, parsed by us and by OpenSSL. */
export interface ParsedCertificate { readonly identity: PeerIdentity, readonly x509: X509Certificate }

/** Our certificate and key. */
export interface OwnCredentials {
  /** The leaf, then its intermediates. */
  readonly certificates: readonly [ParsedCertificate, ...ParsedCertificate[]]
  readonly key: KeyObject | OpaqueKey
}

/** @throws the error of OpenSSL if it cannot parse the certificate */
export function parseCertificate (identity: PeerIdentity): ParsedCertificate {
  return { identity, x509: new X509Certificate(derOf(identity) ?? new Uint8Array()) }
}

export function identitiesOf (certificates: readonly ParsedCertificate[]): PeerIdentity[] {
  return certificates.map(({ identity }) => identity)
}

/** Whether `issuer` issued `subject`, by name, key identifier and signature. */
export function hasIssued (issuer: ParsedCertificate, subject: ParsedCertificate): boolean {
  return subject.x509.checkIssued(issuer.x509) && subject.x509.verify(issuer.x509.publicKey)
}

export function isSelfIssued ({ identity: { subject, issuer } }: ParsedCertificate): boolean {
  return subject !== undefined && issuer !== undefined && equalDistinguishedNames(subject, issuer)
}

const subjectKeys = new WeakMap<PeerIdentity, string>()

/**
 * The subject in a form that can be compared. Names are compared as RFC 5280 section 7.1 says, so case does not matter.
 * Empty if there is none.
 */
export function subjectKey (certificate: PeerIdentity): string {
  const { subject } = certificate
  const key = subjectKeys.get(certificate) ?? (subject === undefined ? '' : nameKey(rdnKeys(subject)))
  subjectKeys.set(certificate, key)
  return key
}

/** Identifies a CA by name and key. */
export function caKey (certificate: PeerIdentity): string {
  return `${certificate.publicKey256 ?? ''} ${subjectKey(certificate)}`
}

/** Reads every certificate of a PEM text, in order. @throws CredentialsRefusedError */
export function readCertificates (text: Pem, where: string): ParsedCertificate[] {
  return decode(text, where).map((der, index) => readCertificate(der, `${where}, certificate ${index + 1}`))
}

/**
 * Reads one certificate with our parser, and with OpenSSL as a second opinion.
 *
 * @throws CredentialsRefusedError
 */
export function readCertificate (der: Uint8Array, where: string): ParsedCertificate {
  try {
    return parseCertificate(parsePeerIdentity(der))
  } catch (error) {
    const found = `found something that is not an X.509 certificate: ${(error as Error).message}`
    throw refused('unreadable', where, found, { cause: error })
  }
}

function decode (text: Pem, where: string): Uint8Array[] {
  try {
    return decodePem(text)
  } catch (error) {
    const { reason, message } = error as Error & { reason?: string }
    if (reason !== 'no_block') throw refused('unreadable', where, message, { cause: error })
    throw refused('unreadable', where, `found ${describe(text)}; expected PEM certificates`)
  }
}

function describe (text: Pem): string {
  const plain = textOf(text)
  const label = /-----BEGIN ([A-Z0-9 ]{1,60})-----/.exec(plain)?.[1]
  return label === undefined ? describeContent(plain) : `a PEM block "${label}" and no certificate`
}
