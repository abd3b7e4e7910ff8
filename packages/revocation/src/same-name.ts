import {
  equalDistinguishedNames, matchDistinguishedNames, type DistinguishedName, type PeerIdentity
} from '@peerkit/identity'

/**
 * Whether two names are equal by RFC 5280 section 7.1. A CA may use another string type, case or spacing for its
 * name in CRLs than in its certificate. Usually both are identical, which is checked first because it is cheap.
 */
export function isSameName (one: DistinguishedName, other: DistinguishedName): boolean {
  return equalDistinguishedNames(one, other) || matchDistinguishedNames(one, other)
}

/** Whether a certificate names this issuer. */
export function isNamed (certificate: PeerIdentity, issuer: PeerIdentity): boolean {
  const { issuer: named } = certificate
  const { subject } = issuer
  return named !== undefined && subject !== undefined && isSameName(named, subject)
}
