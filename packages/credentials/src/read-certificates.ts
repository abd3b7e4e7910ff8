import { decodePem, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { refused } from './errors.ts'
import type { Pem } from './material.ts'

/** Every certificate of a PEM text, in order. @throws MTLS_ERR_CREDENTIALS_REFUSED */
export function readCertificates (text: Pem, where: string): PeerIdentity[] {
  const empty = text.length === 0
  try {
    return decodePem(text).map((der) => parsePeerIdentity(der))
  } catch (error) {
    throw refused('unreadable', where, empty ? 'expected PEM certificates, found nothing' : (error as Error).message, error)
  }
}
