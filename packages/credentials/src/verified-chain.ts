import type { DetailedPeerCertificate } from 'node:tls'
import { X509Certificate } from 'node:crypto'
import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'

/** Longer than any chain that OpenSSL takes by default. */
const MAX_LENGTH = 100

/**
 * The issuers above the leaf, nearest first, up to one of the anchors, after OpenSSL verified the chain of a full handshake. Undefined where they are not to be found: Node 24 does not show
 * the intermediates that the other side sent, so they are looked for among those known here.
 *
 * @param leaf what `socket.getPeerCertificate(true)` says. Ask for it once and first: after `getPeerX509Certificate()` Node 22 has no chain left, and on a client's socket no certificate
 * @param known intermediates known from elsewhere, such as our own
 */
export function readVerifiedChain (leaf: DetailedPeerCertificate, anchors: readonly PeerIdentity[], known: readonly PeerIdentity[] = []): readonly PeerIdentity[] | undefined {
  const chain = readSentChain(leaf, anchors, known)
  let last = chain.at(-1) ?? parsePeerIdentity(leaf.raw)
  while (chain.length < MAX_LENGTH) {
    if (anchors.includes(last)) return chain
    const issuer = findIssuer(last, anchors) ?? findIssuer(last, known.filter((candidate) => !chain.includes(candidate)))
    if (issuer === undefined) return undefined
    chain.push(issuer)
    last = issuer
  }
  return undefined
}

/** As far as Node shows it. */
function readSentChain (leaf: DetailedPeerCertificate, anchors: readonly PeerIdentity[], known: readonly PeerIdentity[]): PeerIdentity[] {
  const chain: PeerIdentity[] = []
  let certificate: DetailedPeerCertificate | undefined = leaf
  while (chain.length < MAX_LENGTH) {
    const issuer: DetailedPeerCertificate | undefined = certificate?.issuerCertificate
    if (issuer?.raw === undefined || issuer === certificate) return chain
    const { raw } = issuer
    // Nearly always it is one whose bytes are known: reading it again would cost as much as the leaf.
    const anchor = anchors.find((candidate) => isOf(candidate, raw))
    chain.push(anchor ?? known.find((candidate) => isOf(candidate, raw)) ?? parsePeerIdentity(raw))
    if (anchor !== undefined) return chain
    certificate = issuer
  }
  return chain
}

function isOf ({ raw }: PeerIdentity, der: Uint8Array): boolean {
  return raw !== undefined && Buffer.compare(raw, der) === 0
}

/** The one of some CAs that signed a certificate. */
export function findIssuer (certificate: PeerIdentity, authorities: readonly PeerIdentity[]): PeerIdentity | undefined {
  const parsed = new X509Certificate(certificate.raw ?? new Uint8Array())
  return authorities.find((authority) => {
    const issuer = new X509Certificate(authority.raw ?? new Uint8Array())
    return parsed.checkIssued(issuer) && parsed.verify(issuer.publicKey)
  })
}
