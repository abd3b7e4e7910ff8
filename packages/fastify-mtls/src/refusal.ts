import type { RefusalDetail, RefusalReason } from '@peerkit/events'
import type { Refused } from '@peerkit/trust'

export type { RefusalReason } from '@peerkit/events'

/** Why a certificate is not accepted, or no longer. */
export interface CertificateRefusal {
  readonly reason: RefusalReason
  readonly detail: RefusalDetail | undefined
}

/** Why a handshake was refused. What it says of the certificate is found out when somebody asks: strangers decide how many handshakes are refused. */
export interface Refusal {
  readonly reason: RefusalReason
  /** OpenSSL's own code, where it has one. */
  readonly code: string | undefined
  /** Undefined where no certificate is at fault. Only while the socket is open. */
  detail (): RefusalDetail | undefined
  /** DER of the client's certificate; undefined where it sent none. Only while the socket is open. */
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

/** The reason behind OpenSSL's verification code. */
export function explainVerifyCode (code: string | undefined): RefusalReason {
  return REASONS[code ?? ''] ?? 'bad_chain'
}

/** A decision about a certificate that was accepted before: where no path is left, its CA was removed. */
export function refusalAfterAcceptance ({ reason, detail }: Refused): CertificateRefusal {
  return { reason: reason === 'unknown_ca' ? 'ca_removed' : reason, detail }
}
