import type { PeerIdentity } from '@peerkit/identity'
import { whenAllSettled, whenSettled } from '@peerkit/identity/internal'
import type { CrlIndex, RevocationChecker, RevocationStatus } from '@peerkit/revocation'
import { BY_ISSUER_KEY, byIssuerKey } from '@peerkit/revocation/internal'
import type { KeyedChecker } from '@peerkit/revocation/internal'

/** A checker that shows its CRLs, for monitoring and the console. */
export interface ListedChecker extends RevocationChecker {
  readonly lists: readonly CrlIndex[]
}

interface CrlAndOcsp {
  readonly crl: ListedChecker
  readonly ocsp: RevocationChecker
  /** How long an answer counts if the responder gave none, in milliseconds. */
  readonly askAgain: number
  readonly now: () => number
}

/**
 * Asks CRL and OCSP. The CRL decides. OCSP can only add a revocation: its `good` says nothing, because OpenBao says it
 * of serial numbers that it never issued, and no answer from it says nothing either. So who can block or delay the
 * responder gains no more than the time to the next CRL.
 */
export function crlAndOcsp ({ crl, ocsp, askAgain, now }: CrlAndOcsp): ListedChecker {
  const check = (
    lists: RevocationChecker, certificate: PeerIdentity, issuer: PeerIdentity | undefined
  ): RevocationStatus | Promise<RevocationStatus> => whenSettled(lists.check(certificate, issuer), (listed) => {
    if (listed.state !== 'good') return listed
    return whenAllSettled([ocsp.check(certificate, issuer)], ([answer]) => {
      if (answer?.state === 'revoked') return answer
      const until = answer?.state === 'good' ? answer.until : now() + askAgain
      return Object.freeze({ ...listed, until: Math.min(listed.until, until) })
    })
  })
  const both = {
    get epoch () { return crl.epoch + ocsp.epoch },
    get lists () { return crl.lists },
    check: (certificate, issuer) => check(crl, certificate, issuer),
    [BY_ISSUER_KEY]: (certificate: PeerIdentity, issuer: PeerIdentity | undefined) => {
      return check(byIssuerKey(crl), certificate, issuer)
    },
    permits: (status, certificate) => crl.permits(status, certificate),
    subscribe (listener) {
      const ends = [crl.subscribe(listener), ocsp.subscribe(listener)]
      return () => { for (const end of ends) end() }
    },
    async close () { await Promise.all([crl.close(), ocsp.close()]) }
  } satisfies KeyedChecker & ListedChecker
  return both
}
