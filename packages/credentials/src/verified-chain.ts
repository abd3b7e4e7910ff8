import type { DetailedPeerCertificate } from 'node:tls'
import { X509Certificate } from 'node:crypto'
import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'

/** Longer than any chain that OpenSSL takes by default. */
const MAX_LENGTH = 100

/**
 * The issuers above the leaf, nearest first, as OpenSSL found them in a full handshake, up to one of the anchors. Undefined where they do not lead to one.
 *
 * @param leaf what `socket.getPeerCertificate(true)` says. Ask for it once: on a client's socket Node 22 and 24 answer nothing any more after `getPeerX509Certificate()`
 */
export function readVerifiedChain (leaf: DetailedPeerCertificate, anchors: readonly PeerIdentity[]): readonly PeerIdentity[] | undefined {
  const chain: PeerIdentity[] = []
  let certificate: DetailedPeerCertificate | undefined = leaf
  while (chain.length < MAX_LENGTH) {
    const issuer: DetailedPeerCertificate | undefined = certificate?.issuerCertificate
    if (issuer?.raw === undefined || issuer === certificate) break
    const identity = parsePeerIdentity(issuer.raw)
    const anchor = anchors.find(({ fingerprint256 }) => fingerprint256 === identity.fingerprint256)
    chain.push(anchor ?? identity)
    if (anchor !== undefined) return chain
    certificate = issuer
  }
  const last = chain.at(-1) ?? parsePeerIdentity(leaf.raw)
  const anchor = findIssuer(last, anchors)
  return anchor === undefined ? undefined : [...chain, anchor]
}

/** The anchor that signed a certificate. */
export function findIssuer (certificate: PeerIdentity, anchors: readonly PeerIdentity[]): PeerIdentity | undefined {
  const parsed = new X509Certificate(certificate.raw ?? new Uint8Array())
  return anchors.find((anchor) => {
    const issuer = new X509Certificate(anchor.raw ?? new Uint8Array())
    return parsed.checkIssued(issuer) && parsed.verify(issuer.publicKey)
  })
}
