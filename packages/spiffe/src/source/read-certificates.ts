import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { certificateEnd } from '@peerkit/identity/x509'
import { SpiffeInvalidError } from '../errors.ts'

/**
 * Splits certificates in DER that follow one another, as the Workload API sends them.
 *
 * @param what whose they are, for errors
 * @throws SpiffeInvalidError with the reason `malformed`
 */
export function splitCertificates (octets: Uint8Array, what: string): Uint8Array[] {
  const found: Uint8Array[] = []
  for (let offset = 0; offset < octets.length;) {
    const number = found.length + 1
    try {
      const end = certificateEnd(octets, offset)
      found.push(octets.subarray(offset, end))
      offset = end
    } catch (error) {
      const detail = `${what}: certificate ${number} is not DER: ${(error as Error).message}`
      throw new SpiffeInvalidError('malformed', detail, { cause: error })
    }
  }
  return found
}

/** @throws SpiffeInvalidError with the reason `malformed` */
export function parseCertificate (der: Uint8Array, what: string): PeerIdentity {
  try {
    return parsePeerIdentity(der)
  } catch (error) {
    throw new SpiffeInvalidError('malformed', `${what}: ${(error as Error).message}`, { cause: error })
  }
}
