import type { CertificateReason } from './reasons.ts'

/** Checks whose name says more than the reason that they give. The name of every other check is its reason. */
const finer = {
  /** More certificates or octets than the limits allow. */
  too_large: 'unreadable',
  /** The trust anchors cannot be read, or there are none. Every chain is refused meanwhile. */
  anchors_invalid: 'unknown_ca',
  /** The issuer has the right name, but did not sign the certificate. */
  signature_invalid: 'unknown_ca',
  /** The authority is for servers only and the peer is a client, or the other way round. */
  other_side: 'unknown_ca',
  /** A signature algorithm that is not accepted (MD5, SHA-1, DSA, unknown ones). */
  algorithm_refused: 'weak',
  /** A public key that is too short, on an unusual curve or of an unknown type. */
  key_refused: 'weak',
  /** An issuer is not a CA (basicConstraints, version 3), or its keyUsage lacks keyCertSign. */
  not_ca: 'bad_chain',
  /** More intermediates than a pathLenConstraint or `maxDepth` allows. */
  path_length: 'bad_chain',
  /** A name violates the name constraints of a CA, or the constraints cannot be decided. */
  name_constraint: 'bad_chain',
  /** Certificate policies are required, and none is valid in the whole path. */
  policy: 'bad_chain',
  /** An unsupported critical extension. */
  critical_extension: 'bad_chain',
  /** With the option `strict`, a violation that `lintCertificate` finds. */
  lint: 'bad_chain',
  /** More work than the limits allow. */
  budget_exceeded: 'bad_chain'
} as const

/** A check of a certificate: a reason, or a word that says more than its reason. */
export type CertificateStep = Exclude<CertificateReason, 'bad_chain' | 'weak'> | keyof typeof finer

/** The reason of each check whose name is not its reason. */
export const finerSteps: Readonly<Record<keyof typeof finer, CertificateReason>> = Object.freeze(finer)

/**
 * The reason that a failed check gives.
 *
 * @example
 * ```ts
 * console.log(reasonOfStep('name_constraint'), reasonOfStep('expired')) // bad_chain expired
 * ```
 */
export function reasonOfStep (step: CertificateStep): CertificateReason {
  return Object.hasOwn(finer, step) ? finer[step as keyof typeof finer] : step as CertificateReason
}

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
