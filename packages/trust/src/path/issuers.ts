import { viewDer } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { readInput } from '../anchor-set.ts'
import { verifyEdge } from '../certificate/edge.ts'
import type { Certificate } from '../certificate/certificate.ts'

const MAX_LENGTH = 16

/**
 * The one of some CA certificates that issued a certificate: by name (RFC 5280 section 7.1) and by signature. For questions that are not about trust, such as who
 * staples, or which CA a certificate came from. Whether a certificate is accepted is for `evaluate` to say.
 *
 * @returns undefined where none did, or where a certificate has no bytes
 */
export function findIssuer (certificate: PeerIdentity, authorities: readonly PeerIdentity[]): PeerIdentity | undefined {
  const child = readKnown(certificate)
  return child === undefined ? undefined : authorities.find((authority) => hasIssued(authority, child))
}

/**
 * The certificates above one, each having signed the one below, up to a self-signed one or as far as the given authorities lead. Validity, purpose and the rest
 * of RFC 5280 are not looked at.
 */
export function climbChain (certificate: PeerIdentity, authorities: readonly PeerIdentity[]): readonly PeerIdentity[] {
  const chain: PeerIdentity[] = []
  let last = certificate
  while (chain.length < MAX_LENGTH) {
    const issuer = findIssuer(last, authorities.filter((authority) => authority.fingerprint256 !== last.fingerprint256 && !chain.includes(authority)))
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
      // What path validation does not read issues nothing and was issued by nobody.
    }
  }
  return certificate
}

function hasIssued (authority: PeerIdentity, child: Certificate): boolean {
  const issuer = readKnown(authority)
  return issuer !== undefined && issuer.subjectKey === child.issuerKey && verifyEdge(child, issuer)
}
