import type { PeerIdentity } from '@peerkit/identity'

/** Why a connection was refused, or ended. */
export type RefusalReason =
  | 'no_certificate'
  | 'unknown_ca'            // no chain to an anchor in force; a missing intermediate looks the same
  | 'expired'
  | 'not_yet_valid'
  | 'revoked'
  | 'revocation_unknown'    // no CRL or responder answers, and the policy is hard
  | 'wrong_purpose'         // extended key usage without clientAuth, or a key usage that forbids it
  | 'ca_as_leaf'
  | 'bad_chain'             // a link of the chain is no CA, too deep, or breaks a constraint
  | 'unreadable'            // the certificate's bytes are not what RFC 5280 allows
  | 'resumption_refused'    // a resumed session whose chain is not known here
  | 'ca_removed'
  | 'timeout'               // the revocation answer did not come in time
  | 'protocol'              // the handshake itself failed

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
