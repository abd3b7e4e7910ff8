import type { CertificateReason } from './reasons.ts'

/**
 * Checks whose name says more than the reason that they give. The name of every other check is its reason.
 *
 * - `too_large`: more certificates or octets than the limits allow
 * - `anchors_invalid`: the trust anchors cannot be read, or there are none. Every chain is refused meanwhile
 * - `signature_invalid`: the issuer has the right name, but did not sign the certificate
 * - `other_side`: the authority is for servers only and the peer is a client, or the other way round
 * - `algorithm_refused`: a signature algorithm that is not accepted (MD5, SHA-1, DSA, unknown ones)
 * - `key_refused`: a public key that is too short, on an unusual curve or of an unknown type
 * - `not_ca`: an issuer is not a CA (basicConstraints, version 3), or its keyUsage lacks keyCertSign
 * - `path_length`: more intermediates than a pathLenConstraint or `maxDepth` allows
 * - `name_constraint`: a name violates the name constraints of a CA, or the constraints cannot be decided
 * - `policy`: certificate policies are required, and none is valid in the whole path
 * - `critical_extension`: an unsupported critical extension
 * - `lint`: with the option `strict`, a violation that `lintCertificate` finds
 * - `budget_exceeded`: more work than the limits allow
 */
const finer = {
  too_large: 'unreadable',
  anchors_invalid: 'unknown_ca',
  signature_invalid: 'unknown_ca',
  other_side: 'unknown_ca',
  algorithm_refused: 'weak',
  key_refused: 'weak',
  not_ca: 'bad_chain',
  path_length: 'bad_chain',
  name_constraint: 'bad_chain',
  policy: 'bad_chain',
  critical_extension: 'bad_chain',
  lint: 'bad_chain',
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
