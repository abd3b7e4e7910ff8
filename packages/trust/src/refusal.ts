import type { CertificateSummary } from '@peerkit/identity/x509'

/**
 * Why a chain is not believed.
 *
 * - `certificate_invalid`: bytes that are no certificate as RFC 5280 section 4 has it, or an extension that its own definition forbids
 * - `too_large`: more certificates or octets than the limits allow
 * - `anchors_invalid`: the trust anchors in force cannot be read, or there are none; nobody is believed meanwhile
 * - `issuer_unknown`: no way leads to an anchor
 * - `signature_invalid`: an issuer of the right name did not sign it
 * - `algorithm_refused`: a signature algorithm that is not accepted (MD5, SHA-1, DSA, unknown ones)
 * - `key_refused`: a public key that is too short, on an unusual curve or of an unknown kind
 * - `expired`, `not_yet_valid`
 * - `not_ca`: it issued a certificate without being a CA (basicConstraints, version 3), or its keyUsage lacks keyCertSign
 * - `path_length`: more intermediates than a pathLenConstraint or `maxDepth` allows
 * - `ca_as_leaf`: a CA presents its own certificate
 * - `purpose`: keyUsage or extendedKeyUsage does not allow the purpose
 * - `name_constraint`: a name outside of what an issuer may issue, or constraints that cannot be decided
 * - `outside_authority`: a name that the authority at the end of the path does not vouch for
 * - `policy`: certificate policies are required and none is valid all the way
 * - `critical_extension`: one that is not understood
 * - `lint`: by the option `strict`, something that RFC 5280 asks of CAs and no validation depends on
 * - `blocked`: the option `block` says so
 * - `revoked`, `revocation_unknown`: what the revocation checker and its policy say
 * - `budget_exceeded`: it would take more work than the limits allow
 */
export type PathRefusalReason =
  | 'certificate_invalid' | 'too_large' | 'anchors_invalid' | 'issuer_unknown' | 'signature_invalid' | 'algorithm_refused' | 'key_refused' | 'expired'
  | 'not_yet_valid' | 'not_ca' | 'path_length' | 'ca_as_leaf' | 'purpose' | 'name_constraint' | 'outside_authority' | 'policy' | 'critical_extension' | 'lint' | 'blocked' | 'revoked' | 'revocation_unknown'
  | 'budget_exceeded'

/** A chain is not believed. */
export interface PathRefused {
  readonly valid: false
  readonly reason: PathRefusalReason
  /** For the log, never for the client: which certificate, what was found, what was expected. */
  readonly detail: string
  /** The certificate at fault, where it is one. */
  readonly certificate?: CertificateSummary | undefined
  /** Of `revocation_unknown`: what the checker says, such as `crl_expired`. */
  readonly why?: string | undefined
}

/** A long name in a certificate must not make a long line in the log. */
const MAX_DETAIL = 400

export function refuse (reason: PathRefusalReason, detail: string, about: Pick<PathRefused, 'certificate' | 'why'> = {}): PathRefused {
  return Object.freeze({ valid: false, reason, detail: clip(detail), ...about })
}

/** Never half a surrogate pair: the line has to stay well-formed. */
function clip (text: string): string {
  return text.length > MAX_DETAIL ? `${text.slice(0, MAX_DETAIL).replace(/[\ud800-\udbff]$/, '')}…` : text
}
