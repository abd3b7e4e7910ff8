import { authoritiesOf } from '@peerkit/credentials'
import type { CredentialSource } from '@peerkit/credentials'
import type { RevocationChecker } from '@peerkit/revocation'
import { createTrustEvaluator } from '@peerkit/trust'
import type { TrustEvaluator } from '@peerkit/trust'

/** Creates an evaluator that verifies certificates as the handshakes of this service do. It caches nothing. */
export function createHandshakeEvaluator (
  credentials: CredentialSource, revocation: RevocationChecker | undefined, now: () => number
): TrustEvaluator {
  return createTrustEvaluator({
    authorities: () => authoritiesOf(credentials.current, 'clients', revocation),
    version: () => credentials.current.trustEpoch,
    now,
    cacheSize: 0,
    maxIntermediates: 0
  })
}
