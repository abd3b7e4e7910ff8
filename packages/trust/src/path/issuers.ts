import { viewDer } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { readInput } from '../certificate/certificate-set.ts'
import type { Certificate } from '../certificate/certificate.ts'
import { verifyEdge } from '../certificate/signature.ts'

const MAX_LENGTH = 16

/**
 * Finds the CA certificate that issued a certificate, by name (RFC 5280 section 7.1) and signature. It does not decide
 * about trust: use `evaluate` for that.
 *
 * @param certificate the certificate
 * @param authorities CA certificates that may be its issuer
 * @returns the issuer; undefined if none issued it, or if the identity has no DER
 * @example
 * ```ts
 * const root = parsePeerIdentity(ca.der)
 * console.log(findIssuer(peer, [root]) === root) // true
 * ```
 */
export function findIssuer (certificate: PeerIdentity, authorities: readonly PeerIdentity[]): PeerIdentity | undefined {
  const child = readKnown(certificate)
  return child === undefined ? undefined : authorities.find((authority) => hasIssued(authority, child))
}

/**
 * Lists the issuers above a certificate, each of which signed the one below, as far as the given CAs lead. Validity,
 * purpose and the rest of RFC 5280 are not checked.
 *
 * @param certificate the certificate at the bottom
 * @param authorities CA certificates that may be issuers
 * @returns the issuers, the nearest first; at most 16
 * @example
 * ```ts
 * const issuing = await ca.intermediate()
 * const leaf = parsePeerIdentity((await issuing.issue({ cn: 'orders' })).der)
 * const chain = climbChain(leaf, [parsePeerIdentity(ca.der), parsePeerIdentity(issuing.der)])
 * console.log(chain.map(String)) // the intermediate, then the root
 * ```
 */
export function climbChain (certificate: PeerIdentity, authorities: readonly PeerIdentity[]): readonly PeerIdentity[] {
  const chain: PeerIdentity[] = []
  let last = certificate
  while (chain.length < MAX_LENGTH) {
    const others = authorities.filter((authority) => {
      return authority.fingerprint256 !== last.fingerprint256 && !chain.includes(authority)
    })
    const issuer = findIssuer(last, others)
    if (issuer === undefined) return chain
    chain.push(issuer)
    last = issuer
  }
  return chain
}

const known = new WeakMap<PeerIdentity, Certificate>()

function readKnown (identity: PeerIdentity): Certificate | undefined {
  let certificate = known.get(identity)
  if (certificate === undefined && viewDer(identity) !== undefined) {
    try {
      known.set(identity, certificate = readInput(identity, 'the certificate'))
    } catch {
      // A certificate that path validation cannot read has no issuer and issues nothing.
    }
  }
  return certificate
}

function hasIssued (authority: PeerIdentity, child: Certificate): boolean {
  const issuer = readKnown(authority)
  return issuer !== undefined && issuer.subjectKey === child.issuerKey && verifyEdge(child, issuer)
}
