import {
  equalDistinguishedNames, matchDistinguishedNames, type DistinguishedName, type PeerIdentity
} from '@peerkit/identity'

/**
 * Whether two names are those of one CA by RFC 5280 section 7.1: a CA may write its name in another string type, case
 * or spacing in its CRLs than in its certificate. Nearly always both are the same character for character, which costs
 * the least to find out.
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
