import type { RefusalDetail, RefusalReason } from '@peerkit/events'
import type { Refused } from '@peerkit/trust'

export type { RefusalReason } from '@peerkit/events'

/** Why a certificate is not accepted, or not any more. */
export interface CertificateRefusal {
  readonly reason: RefusalReason
  readonly detail: RefusalDetail | undefined
}

/** Why a handshake was refused. Details are computed only when needed: strangers can cause any number of refusals. */
export interface Refusal {
  readonly reason: RefusalReason
  /** OpenSSL's code, if OpenSSL refused. */
  readonly code: string | undefined
  /** Undefined if no certificate is at fault. Only while the socket is open. */
  detail (): RefusalDetail | undefined
  /** DER of the client's certificate; undefined if it sent none. Only while the socket is open. */
  leaf (): Uint8Array | undefined
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

/** The reason for an OpenSSL verification code. */
export function explainVerifyCode (code: string | undefined): RefusalReason {
  return REASONS[code ?? ''] ?? 'bad_chain'
}

/** The refusal of a certificate that was accepted before: if no path is left, its CA was removed. */
export function refusalAfterAcceptance ({ reason, detail }: Refused): CertificateRefusal {
  return { reason: reason === 'unknown_ca' ? 'ca_removed' : reason, detail }
}
