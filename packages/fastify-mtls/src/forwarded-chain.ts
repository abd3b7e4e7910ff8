import type { CredentialSource } from '@peerkit/credentials'
import type { ChainValidator } from '@peerkit/forwarded'
import { createPathValidator } from '@peerkit/path-validation'

/** Validates chains that no gateway has validated, against the anchors in force. Revocation is asked about with each request, as for direct connections. */
export function validateAgainst (credentials: CredentialSource, now: () => number): ChainValidator {
  return createPathValidator({
    anchors: () => credentials.current.anchors.map(({ raw }) => raw as Uint8Array),
    generation: () => credentials.current.trustEpoch,
    purpose: 'clientAuth',
    now
  })
}
