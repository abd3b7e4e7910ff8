import type { PeerIdentity } from '@peerkit/identity'
import { failureText, plainPart, plainText } from './plain-text.ts'

/** What is known about one certificate. Times are milliseconds since the epoch. */
export type RevocationStatus =
  | {
    readonly state: 'good'
    readonly source: RevocationSource
    /** The answer holds no longer than this. */ readonly until: number
  }
  | {
    readonly state: 'revoked'
    readonly source: RevocationSource
    /** A name of RFC 5280 section 5.3.1, e.g. `keyCompromise`. */ readonly reason: string | undefined
    readonly revokedAt: number | undefined
  }
  | UnknownStatus

/** Nothing is known, and why. */
export interface UnknownStatus {
  readonly state: 'unknown'
  /** An {@link UnknownCause}, or several joined by `, `. */
  readonly why: string
  /**
   * The same in words, for logs: which list of which CA is missing, has ended or does not cover the certificate, what
   * the responder or the network said. Of bounded length and without control characters.
   */
  readonly detail?: string
}

/** Where an answer came from. */
export type RevocationSource = 'crl' | 'ocsp'

/**
 * The words `why` is made of. A CRL: `no_crl` (none for this issuer), `out_of_scope` (those there are do not speak for this certificate),
 * `crl_expired`, `crl_not_yet_valid`. OCSP: `ocsp_unknown` (the responder does not know the certificate), `ocsp_unavailable`, `ocsp_invalid`. Both:
 * `issuer_unknown`, `issuer_mismatch`, `serial_unknown`, `chain_unknown`, `closed`, `check_failed`.
 */
export type UnknownCause =
  | 'no_crl' | 'out_of_scope' | 'crl_expired' | 'crl_not_yet_valid' | 'ocsp_unknown' | 'ocsp_unavailable'
  | 'ocsp_invalid' | 'issuer_unknown' | 'issuer_mismatch' | 'serial_unknown' | 'chain_unknown' | 'closed'
  | 'check_failed' | 'no_checker'

/** One question, whoever answers it: does this certificate still count? */
export interface RevocationChecker {
  /** Grows whenever an earlier answer may no longer hold: new lists, a list that ended, another OCSP answer. It never goes back. */
  readonly epoch: number
  /**
   * What is known about a certificate whose chain has been verified. CRLs answer at once, OCSP may answer later. It neither throws nor rejects: what goes wrong is
   * `unknown`.
   * @param issuer the certificate that issued it. Where it is not known the checker goes by the issuer's name, as far as that is safe.
   */
  check (certificate: PeerIdentity, issuer: PeerIdentity | undefined): RevocationStatus | Promise<RevocationStatus>
  /** Whether the policy lets a certificate of this status through. `revoked` never passes, `good` passes until its time is over. */
  permits (status: RevocationStatus, certificate: PeerIdentity): boolean
  /** Calls the listener after each move of the epoch. Returns a function that ends this. */
  subscribe (listener: () => void): () => void
  /** Stops timers and requests. What is asked afterwards is `unknown`. */
  close (): Promise<void>
}

/** The names of CRLReason (RFC 5280 section 5.3.1); 7 is not used. */
const reasons = [
  'unspecified', 'keyCompromise', 'cACompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation',
  'certificateHold',
  undefined,
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise'
] as const

/** The name of a CRLReason, or undefined for `unspecified` and for numbers without a name. */
export function nameReason (reason: number): string | undefined {
  return reason === 0 ? undefined : reasons[reason]
}

/** Whether a number is a CRLReason. */
export function isReason (reason: number): boolean {
  return reasons[reason] !== undefined
}

export function unknownStatus (why: UnknownCause, detail?: string): UnknownStatus {
  return Object.freeze({ state: 'unknown', why, ...(detail !== undefined && { detail }) })
}

/** A checker threw or rejected. */
export function failedStatus (error: unknown): UnknownStatus {
  return unknownStatus('check_failed', plainText(`the checker failed: ${failureText(error)}`))
}

export const CLOSED: UnknownStatus = unknownStatus('closed', 'the checker is closed')
export const SERIAL_UNKNOWN: UnknownStatus =
  unknownStatus('serial_unknown', 'the serial number of the certificate is not known')

/** The certificate names another issuer than the one that is given. */
export function issuerMismatch (certificate: PeerIdentity, issuer: PeerIdentity): UnknownStatus {
  const named = plainPart(certificate.issuer ?? 'nobody')
  const given = plainPart(issuer.subject ?? issuer)
  return unknownStatus('issuer_mismatch', plainText(`the certificate names the issuer ${named}, not ${given}`))
}
