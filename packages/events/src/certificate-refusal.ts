import type { RefusalReason } from './refusal-reason.ts'

/** Why a certificate is not accepted. The same words are used inbound, outbound, behind a gateway, on the console or on the command line. */
export type CertificateReason = Extract<RefusalReason,
  'unknown_ca' | 'expired' | 'not_yet_valid' | 'revoked' | 'revocation_unknown' | 'wrong_purpose' | 'ca_as_leaf' | 'bad_chain' | 'outside_authority' | 'blocked' |
  'unreadable'>

/** What names a certificate. None of it has to be true: the certificate was refused. */
export interface RefusedCertificate {
  /** RFC 4514 text; undefined where it is empty or cannot be read. */
  readonly subject: string | undefined
  /** Lower-case hex. */
  readonly serialNumber: string | undefined
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint256: string
}

/** What a refusal says for the log. Never for the client. */
export interface RefusalDetail {
  /**
   * The check that failed, such as `signature_invalid`, `name_constraint`, `issuer_unknown`, `revocation_unknown`, or `other_side` where the authority is for
   * servers alone and a client asks, or the other way round; or a code of OpenSSL.
   */
  readonly step: string
  /** One sentence: which certificate, what was found, what was expected. */
  readonly message: string
  /** The certificate at fault: the leaf or one above it. */
  readonly certificate: RefusedCertificate | undefined
  /** Of `revocation_unknown`: the checker's word for it, such as `crl_expired` or `no_crl`. */
  readonly why?: string | undefined
}
