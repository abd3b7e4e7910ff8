import type { TLSSocket } from 'node:tls'
import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { explainVerifyCode } from './refusal.ts'
import type { Refusal, RefusalReason } from './refusal.ts'
import { readSentCertificate } from './sent-chain.ts'
import type { SentCertificate } from './sent-chain.ts'
import type { Standing, Trust } from './trust.ts'
import type { VerifiedChains } from './verified-chains.ts'

/** What a finished handshake came to: a peer, nobody (where that is allowed), or a refusal. */
export type Judgement =
  | { readonly peer: PeerIdentity, readonly standing: Standing }
  | { readonly peer: null }
  | { readonly refusal: Refusal }

export interface HandshakeFacts {
  readonly trust: Trust
  readonly chains: VerifiedChains
  /** Whether a client may come without a certificate. */
  readonly mayBeAbsent: boolean
  /** Whether the trust moved between the connection's begin and now. */
  readonly trustMoved: boolean
}

/**
 * Judges a finished handshake. OpenSSL's verdict is needed and is not enough: it says `authorized` of a resumed session whatever became of its CA since, and of a resumed session
 * without a certificate in some versions of Node.
 */
export function judgeHandshake (socket: TLSSocket, facts: HandshakeFacts): Judgement | Promise<Judgement> {
  const certificate = readSentCertificate(socket)
  if (certificate === undefined) return facts.mayBeAbsent ? { peer: null } : refuse('no_certificate')
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
  return judgeChain(certificate, leaf, facts)
}

function judgeChain ({ detailed }: SentCertificate, leaf: PeerIdentity, { trust, chains, trustMoved }: HandshakeFacts): Judgement | Promise<Judgement> {
  const known = detailed === undefined ? chains.recall(leaf) : chains.read(detailed, leaf)
  if (known === undefined) {
    // Nobody verified a resumed session's chain just now, so it must be known.
    if (detailed === undefined) return refuse('resumption_refused', leaf)
    // OpenSSL judged by the anchors of when the connection began. A client that dawdled over its handshake meanwhile must not profit from a CA that was removed.
    if (trustMoved) return refuse('ca_removed', leaf)
  }
  const peer = known ?? leaf
  const conclude = (standing: Standing): Judgement => standing.reason === undefined ? { peer, standing } : refuse(standing.reason, peer)
  const standing = trust.judge(peer, known === undefined ? trust.anchors : undefined)
  return standing instanceof Promise ? standing.then(conclude) : conclude(standing)
}

function refuse (reason: RefusalReason, peer?: PeerIdentity, code?: string): Judgement {
  return { refusal: { reason, code, peer } }
}
