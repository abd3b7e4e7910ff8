import { decodePem, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { describeContent } from '@peerkit/identity/internal'
import { refused } from './errors.ts'
import { textOf } from './material.ts'
import type { Pem } from './material.ts'
import { parseCertificate } from './check/parsed-certificate.ts'
import type { ParsedCertificate } from './check/parsed-certificate.ts'

/** Reads every certificate of a PEM text, in order. @throws MTLS_ERR_CREDENTIALS_REFUSED */
export function readCertificates (text: Pem, where: string): ParsedCertificate[] {
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
    const { reason, message } = error as Error & { reason?: string }
    if (reason !== 'no_block') throw refused('unreadable', where, message, error)
    throw refused('unreadable', where, `found ${describe(text)}; expected PEM certificates`)
  }
}

function describe (text: Pem): string {
  const plain = textOf(text)
  const label = /-----BEGIN ([A-Z0-9 ]{1,60})-----/.exec(plain)?.[1]
  return label === undefined ? describeContent(plain) : `a PEM block "${label}" and no certificate`
}
