import type { PeerIdentity } from '@peerkit/identity'
import type { RevocationChecker, RevocationStatus } from './revocation-status.ts'

/** A check by the key of the issuer alone. Only checkers that also go by its name have it. */
export const BY_ISSUER_KEY: unique symbol = Symbol.for('peerkit.revocation.byIssuerKey')

export interface KeyedChecker extends RevocationChecker {
  [BY_ISSUER_KEY]? (
    certificate: PeerIdentity, issuer: PeerIdentity | undefined
  ): RevocationStatus | Promise<RevocationStatus>
}

/**
 * The same checker, for which a list counts only if the key of the issuer signed it. Within one authority, a list by
 * another key of that name counts too: its CA may have a new key. But a CA of another authority may have the name as
 * well, and must not revoke what it did not issue.
 */
export function byIssuerKey (checker: RevocationChecker): RevocationChecker {
  const keyed = checker as KeyedChecker
  if (keyed[BY_ISSUER_KEY] === undefined) return checker
  return {
    get epoch () { return checker.epoch },
    check: (certificate, issuer) => keyed[BY_ISSUER_KEY]!(certificate, issuer),
    permits: (status, certificate) => checker.permits(status, certificate),
    subscribe: (listener) => checker.subscribe(listener),
    close: async () => { await checker.close() }
  }
}
