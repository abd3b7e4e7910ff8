import type { CertificateSummary } from '@peerkit/identity/x509'

/**
 * Why a chain is refused.
 *
 * - `certificate_invalid`: not a certificate by RFC 5280 section 4, or a malformed extension
 * - `too_large`: more certificates or octets than the limits allow
 * - `anchors_invalid`: the trust anchors cannot be read, or there are none. Every chain is refused meanwhile
 * - `issuer_unknown`: no path leads to an anchor
 * - `signature_invalid`: the issuer has the right name, but did not sign the certificate
 * - `algorithm_refused`: a signature algorithm that is not accepted (MD5, SHA-1, DSA, unknown ones)
 * - `key_refused`: a public key that is too short, on an unusual curve or of an unknown type
 * - `expired`, `not_yet_valid`
 * - `not_ca`: an issuer is not a CA (basicConstraints, version 3), or its keyUsage lacks keyCertSign
 * - `path_length`: more intermediates than a pathLenConstraint or `maxDepth` allows
 * - `ca_as_leaf`: a CA presents its own certificate
 * - `purpose`: keyUsage or extendedKeyUsage does not allow the purpose
 * - `name_constraint`: a name violates the name constraints of a CA, or the constraints cannot be decided
 * - `outside_authority`: a name that the authority at the end of the path does not vouch for
 * - `policy`: certificate policies are required, and none is valid in the whole path
 * - `critical_extension`: an unsupported critical extension
 * - `lint`: with the option `strict`, a violation that `lintCertificate` finds
 * - `blocked`: the option `block` blocks the certificate
 * - `revoked`, `revocation_unknown`: the result of the revocation checker and its policy
 * - `budget_exceeded`: more work than the limits allow
 */
export type PathRefusalReason =
  | 'certificate_invalid' | 'too_large' | 'anchors_invalid' | 'issuer_unknown' | 'signature_invalid'
  | 'algorithm_refused' | 'key_refused' | 'expired' | 'not_yet_valid' | 'not_ca' | 'path_length' | 'ca_as_leaf'
  | 'purpose' | 'name_constraint' | 'outside_authority' | 'policy' | 'critical_extension' | 'lint' | 'blocked'
  | 'revoked' | 'revocation_unknown' | 'budget_exceeded'

/** The chain is refused. */
export interface PathRefused {
  readonly valid: false
  readonly reason: PathRefusalReason
  /** Which certificate, what was found, what was expected. For the log, never for the client. */
  readonly detail: string
  /** The certificate at fault, if there is one. */
  readonly certificate?: CertificateSummary | undefined
  /** With `revocation_unknown`: the checker's reason, such as `crl_expired`. */
  readonly why?: string | undefined
}

/** The detail of a refusal if every attempt was overtaken by a change. */
export const CHANGED = 'the trust anchors or the revocation data changed while the certificate was checked'

/** Limits the length of a log line: a certificate may have a very long name. */
const MAX_DETAIL = 400

export function refuse (
  reason: PathRefusalReason, detail: string, about: Pick<PathRefused, 'certificate' | 'why'> = {}
): PathRefused {
  return Object.freeze({ valid: false, reason, detail: clip(detail), ...about })
}

/** Never cuts a surrogate pair in half, so that the text stays well-formed. */
function clip (text: string): string {
  return text.length > MAX_DETAIL ? `${text.slice(0, MAX_DETAIL).replace(/[\ud800-\udbff]$/, '')}…` : text
}
