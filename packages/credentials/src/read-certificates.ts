import { decodePem, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { refused } from './errors.ts'
import type { Pem } from './material.ts'
import { parseCertificate } from './check/parsed-certificate.ts'
import type { ParsedCertificate } from './check/parsed-certificate.ts'

/** Reads every certificate of a PEM text, in order. @throws MTLS_ERR_CREDENTIALS_REFUSED */
export function readCertificates (text: Pem, where: string): ParsedCertificate[] {
  const unreadable = (found: string): Error => refused('unreadable', where, `found ${found}; expected PEM certificates`)
  if (text.length === 0) throw unreadable('nothing (an empty file or text)')
  if (typeof text !== 'string' && text[0] === 0x30) throw unreadable('DER')
  return decode(text, where).map((der, index) => readCertificate(der, `${where}, certificate ${index + 1}`))
}

/**
 * Reads one certificate with our parser, and with OpenSSL as a second opinion.
 *
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
export function readCertificate (der: Uint8Array, where: string): ParsedCertificate {
  try {
    const identity: PeerIdentity = parsePeerIdentity(der)
    return parseCertificate(identity)
  } catch (error) {
    const found = `found something that is not an X.509 certificate: ${(error as Error).message}`
    throw refused('unreadable', where, found, error)
  }
}

function decode (text: Pem, where: string): Uint8Array[] {
  try {
    return decodePem(text)
  } catch (error) {
    throw refused('unreadable', where, (error as Error).message, error)
  }
}
