import type { TLSSocket } from 'node:tls'
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
  const raw = socket.getPeerX509Certificate()?.raw
  if (raw === undefined) return mayBeAbsent ? { peer: null } : refuse('no_certificate')
  let leaf: PeerIdentity
  try {
    leaf = parsePeerIdentity(raw)
  } catch {
    return refuse('unreadable')
  }
  if (!socket.authorized) {
    const code = String(socket.authorizationError)
    return refuse(explainVerifyCode(code), leaf, code)
  }
  // OpenSSL takes a CA certificate for a leaf where its key usage allows; a CA's key that answers handshakes is one that can also sign others' names.
  if (leaf.isCa !== false) return refuse('ca_as_leaf', leaf)
  const chain = findChain(socket, leaf, trust, chains)
  if (chain === undefined) return refuse(socket.isSessionReused() ? 'resumption_refused' : 'bad_chain', leaf)
  const peer = parsePeerIdentity(raw, { chain })
  const conclude = (standing: Standing): Judgement => standing.reason === undefined ? { peer, standing } : refuse(standing.reason, peer)
  const standing = trust.judge(peer)
  return standing instanceof Promise ? standing.then(conclude) : conclude(standing)
}

function findChain (socket: TLSSocket, leaf: PeerIdentity, trust: Trust, chains: VerifiedChains): readonly PeerIdentity[] | undefined {
  const { anchors } = trust.credentials.current
  const fingerprint = leaf.fingerprint256 ?? ''
  if (socket.isSessionReused()) {
    const known = chains.recall(fingerprint)
    if (known !== undefined) return known
    // A ticket of another worker: only a chain without intermediates can be verified from here.
    const anchor = findIssuer(leaf, anchors)
    return anchor === undefined ? undefined : [anchor]
  }
  const chain = readVerifiedChain(socket.getPeerCertificate(true), anchors)
  if (chain !== undefined) chains.remember(fingerprint, chain)
  return chain
}

function refuse (reason: RefusalReason, peer?: PeerIdentity, code?: string): Judgement {
  return { refusal: { reason, code, peer } }
}
