import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'
import { findIssuer, readVerifiedChain } from '@peerkit/credentials'
import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { explainVerifyCode } from './refusal.ts'
import type { Refusal, RefusalReason } from './refusal.ts'
import type { Standing, Trust } from './trust.ts'
import type { VerifiedChains } from './verified-chains.ts'

/** What a finished handshake came to: a peer, nobody (where that is allowed), or a refusal. */
export type Judgement =
  | { readonly peer: PeerIdentity, readonly standing: Standing }
  | { readonly peer: null }
  | { readonly refusal: Refusal }

/**
 * Judges a finished handshake. OpenSSL's verdict is needed and is not enough: it says `authorized` of a resumed session whatever became of its CA since, and of a resumed session
 * without a certificate in some versions of Node.
 */
export function judgeHandshake (socket: TLSSocket, trust: Trust, chains: VerifiedChains, mayBeAbsent: boolean): Judgement | Promise<Judgement> {
  const certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
  if (certificate?.raw === undefined) return mayBeAbsent ? { peer: null } : refuse('no_certificate')
  let leaf: PeerIdentity
  try {
    leaf = parsePeerIdentity(certificate.raw)
  } catch {
    return refuse('unreadable')
  }
  if (!socket.authorized) {
    const code = String(socket.authorizationError)
    return refuse(explainVerifyCode(code), leaf, code)
  }
  // OpenSSL takes a CA certificate for a leaf where its key usage allows; a CA's key that answers handshakes is one that can also sign others' names.
  if (leaf.isCa !== false) return refuse('ca_as_leaf', leaf)
  const resumed = socket.isSessionReused()
  const chain = resumed ? recallChain(leaf, trust, chains) : readChain(certificate, leaf, trust, chains)
  // Nobody verified a resumed session's chain just now, so it must be known. After a full handshake OpenSSL's word counts, for as long as the trust does not move.
  if (chain === undefined && resumed) return refuse('resumption_refused', leaf)
  const peer = chain === undefined ? leaf : parsePeerIdentity(certificate.raw, { chain })
  const conclude = (standing: Standing): Judgement => standing.reason === undefined ? { peer, standing } : refuse(standing.reason, peer)
  const standing = trust.judge(peer, chain === undefined)
  return standing instanceof Promise ? standing.then(conclude) : conclude(standing)
}

function recallChain (leaf: PeerIdentity, trust: Trust, chains: VerifiedChains): readonly PeerIdentity[] | undefined {
  const known = chains.recall(leaf.fingerprint256 ?? '')
  if (known !== undefined) return known
  // A ticket of another worker: a chain without intermediates can be verified from here.
  const anchor = findIssuer(leaf, trust.credentials.current.anchors)
  return anchor === undefined ? undefined : [anchor]
}

function readChain (certificate: DetailedPeerCertificate, leaf: PeerIdentity, trust: Trust, chains: VerifiedChains): readonly PeerIdentity[] | undefined {
  const { anchors, intermediates } = trust.credentials.current
  const chain = readVerifiedChain(certificate, anchors, intermediates)
  if (chain !== undefined) chains.remember(leaf.fingerprint256 ?? '', chain)
  return chain
}

function refuse (reason: RefusalReason, peer?: PeerIdentity, code?: string): Judgement {
  return { refusal: { reason, code, peer } }
}
