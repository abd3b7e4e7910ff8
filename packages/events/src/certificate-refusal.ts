/** Identifies a refused certificate. The values are unverified. */
export interface RefusedCertificate {
  /** RFC 4514 text. Undefined if it is empty or cannot be parsed. */
  readonly subject: string | undefined
  /** Lower-case hex. */
  readonly serialNumber: string | undefined
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint256: string
}

/** Details of a refusal, for the log. Never send them to the client. */
export interface RefusalDetail {
  /**
   * The check that failed: a `CertificateStep` such as `signature_invalid`, `name_constraint` or `revocation_unknown`,
   * or an OpenSSL code.
   */
  readonly step: string
  /** One sentence: the certificate, what was found and what was expected. */
  readonly message: string
  /** The certificate that failed the check: the leaf or a CA above it. */
  readonly certificate: RefusedCertificate | undefined
  /** For `revocation_unknown`: the checker's reason, such as `crl_expired` or `no_crl`. */
  readonly why?: string | undefined
}
