import type { CertificateReason, RefusalDetail } from '@peerkit/events'
import type { CertificateFlaw, PeerIdentity } from '@peerkit/identity'
import type { PathRefused } from '../refusal.ts'

/** Version counters of the trust anchors and of the revocation data. A decision is current while both are unchanged. */
export interface TrustVersion {
  readonly trust: number
  readonly revocation: number
}

/** The certificate is accepted. Times are milliseconds since the epoch. */
export interface Accepted {
  readonly accepted: true
  /**
   * The leaf, with only the names that its authority vouches for. Its `chain` is the verified path, the anchor last.
   */
  readonly peer: PeerIdentity
  /** The name of the authority whose anchor ends the path. */
  readonly authority: string
  /** Whether the leaf or a CA above it lacks clientAuth, and `serverAuthOnlyUntil` of the authority accepts that. */
  readonly serverAuthOnly: boolean
  /** The flaws of the leaf and the CAs above it that `tolerate` of the authority accepts. Usually empty. */
  readonly tolerated: readonly CertificateFlaw[]
  readonly version: TrustVersion
  /** When the first certificate of the path expires, the anchor included. */
  readonly notAfter: number
  /** When to check revocation again. */
  readonly revalidateAt: number
  /** Stale-while-revalidate limit: how long the decision may be used while revocation is checked again. */
  readonly staleUntil: number
}

/** The certificate is not accepted. */
export interface Refused {
  readonly accepted: false
  readonly reason: CertificateReason
  /** The failed check, the certificate at fault and a message. For the log, never for the client. */
  readonly detail: RefusalDetail
  readonly version: TrustVersion
}

/** The result of `evaluate`. */
export type Decision = Accepted | Refused

/**
 * Converts a refused path to a decision. The detail is not frozen: it becomes a
 * property of errors, and some loggers modify those while writing them.
 */
export function refusedBy ({ reason, step, detail, certificate, why }: PathRefused, version: TrustVersion): Refused {
  return Object.freeze({
    accepted: false,
    reason,
    detail: { step, message: detail, certificate, ...(why !== undefined && { why }) },
    version
  })
}
