import type { RefusalReason } from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'

export type { RefusalReason } from '@peerkit/events'

export interface Refusal {
  readonly reason: RefusalReason
  /** OpenSSL's own code, where it has one. */
  readonly code: string | undefined
  readonly peer: PeerIdentity | undefined
}

const REASONS: Readonly<Record<string, RefusalReason>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not_yet_valid',
  CERT_REVOKED: 'revoked',
  INVALID_PURPOSE: 'wrong_purpose',
  INVALID_CA: 'bad_chain',
  PATH_LENGTH_EXCEEDED: 'bad_chain',
  CERT_CHAIN_TOO_LONG: 'bad_chain',
  CERT_SIGNATURE_FAILURE: 'bad_chain',
  CERT_UNTRUSTED: 'unknown_ca',
  CERT_REJECTED: 'wrong_purpose',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'unknown_ca',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknown_ca',
  UNABLE_TO_GET_ISSUER_CERT: 'unknown_ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknown_ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknown_ca'
}

/** The reason behind OpenSSL's verification code. */
export function explainVerifyCode (code: string | undefined): RefusalReason {
  return REASONS[code ?? ''] ?? 'bad_chain'
}
