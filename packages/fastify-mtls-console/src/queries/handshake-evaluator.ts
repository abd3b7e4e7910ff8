import { authoritiesOf } from '@peerkit/credentials'
import type { CredentialSource } from '@peerkit/credentials'
import type { RevocationChecker } from '@peerkit/revocation'
import { createTrustEvaluator } from '@peerkit/trust'
import type { TrustEvaluator } from '@peerkit/trust'

/** Asks what a handshake of this service asks. It remembers nothing: what is pasted is judged and forgotten. */
export function createHandshakeEvaluator (
  credentials: CredentialSource, revocation: RevocationChecker | undefined, now: () => number
): TrustEvaluator {
  return createTrustEvaluator({
    authorities: () => authoritiesOf(credentials.current, 'clients', revocation),
    version: () => credentials.current.trustEpoch,
    now,
    maxRemembered: 0,
    maxIntermediates: 0
  })
}
