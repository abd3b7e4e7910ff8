import type { CertificateReason, RefusalDetail } from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'
import type { PathRefusalReason, PathRefused } from './refusal.ts'

/** Counters of the anchors and of the revocation data. A decision is current while both are what they were. */
export interface TrustVersion {
  readonly trust: number
  readonly revocation: number
}

/** The certificate is accepted. Times are milliseconds since the epoch. */
export interface Accepted {
  readonly accepted: true
  /** The leaf, as its authority vouches for it: what it does not vouch for is unknown. Its `chain` is the path that was validated, the anchor last. */
  readonly peer: PeerIdentity
  /** The name of the authority whose anchor the path leads to. */
  readonly authority: string
  /** Whether it is accepted although its extended key usage, or that of a CA above it, lacks clientAuth: until `serverAuthOnlyUntil` of the authority. */
  readonly serverAuthOnly: boolean
  readonly version: TrustVersion
  /** The end of the first certificate of the path, the anchor included. */
  readonly notAfter: number
  /** From when on revocation is to be asked again. */
  readonly revalidateAt: number
  /** Until when the decision may be used while revocation is asked again. */
  readonly staleUntil: number
}

/** The certificate is not accepted. */
export interface Refused {
  readonly accepted: false
  readonly reason: CertificateReason
  readonly detail: RefusalDetail
  readonly version: TrustVersion
}

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
 * A refused path as a decision: the reason in the words of events, the rest as detail. The detail is not frozen: it hangs on errors, and loggers mark what they
 * find there while they write it.
 */
export function refusedBy ({ reason, detail, certificate, why }: PathRefused, version: TrustVersion): Refused {
  return Object.freeze({
    accepted: false,
    reason: REASONS[reason],
    detail: { step: reason, message: detail, certificate, ...(why !== undefined && { why }) },
    version
  })
}
