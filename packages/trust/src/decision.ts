import type { CertificateReason, RefusalDetail } from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'
import type { PathRefusalReason, PathRefused } from './refusal.ts'

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

const REASONS: Readonly<Record<PathRefusalReason, CertificateReason>> = {
  certificate_invalid: 'unreadable',
  too_large: 'unreadable',
  anchors_invalid: 'unknown_ca',
  issuer_unknown: 'unknown_ca',
  signature_invalid: 'unknown_ca',
  algorithm_refused: 'bad_chain',
  key_refused: 'bad_chain',
  expired: 'expired',
  not_yet_valid: 'not_yet_valid',
  not_ca: 'bad_chain',
  path_length: 'bad_chain',
  ca_as_leaf: 'ca_as_leaf',
  purpose: 'wrong_purpose',
  name_constraint: 'bad_chain',
  outside_authority: 'outside_authority',
  policy: 'bad_chain',
  critical_extension: 'bad_chain',
  lint: 'bad_chain',
  blocked: 'blocked',
  revoked: 'revoked',
  revocation_unknown: 'revocation_unknown',
  budget_exceeded: 'bad_chain'
}

/**
 * Converts a refused path to a decision, with the reason as events name it. The detail is not frozen: it becomes a
 * property of errors, and some loggers modify those while writing them.
 */
export function refusedBy ({ reason, detail, certificate, why }: PathRefused, version: TrustVersion): Refused {
  return Object.freeze({
    accepted: false,
    reason: REASONS[reason],
    detail: { step: reason, message: detail, certificate, ...(why !== undefined && { why }) },
    version
  })
}
