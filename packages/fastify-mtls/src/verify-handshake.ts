import type { TLSSocket } from 'node:tls'
import type { RefusalDetail } from '@peerkit/events'
import { summarizeCertificate } from '@peerkit/identity/x509'
import type { Accepted, Decision, Refused } from '@peerkit/trust'
import type { PresentedClient } from './connection-record.ts'
import { takePresentedChain } from './node-internals.ts'
import type { PresentedChain } from './node-internals.ts'
import { explainVerifyCode, refusalAfterAcceptance } from './refusal.ts'
import type { Refusal } from './refusal.ts'
import type { Trust } from './trust.ts'

/** What a finished handshake came to: a client, nobody (where that is allowed), or a refusal. */
export type HandshakeResult =
  | { readonly decision: Accepted, readonly presented: PresentedClient }
  | { readonly decision: undefined }
  | { readonly refusal: Refusal }

export interface HandshakeOptions {
  readonly trust: Trust
  /** Whether a client may come without a certificate. */
  readonly allowAnonymous: boolean
}

/**
 * Verifies a finished handshake. OpenSSL proves that the client holds the key, and its verdict has to agree; whose key it is is for `evaluate` to say. OpenSSL
 * calls a resumed session `authorized` whatever became of its CA since, and in some versions of Node one without a certificate too.
 */
export function verifyHandshake (socket: TLSSocket, { trust, allowAnonymous }: HandshakeOptions): HandshakeResult | Promise<HandshakeResult> {
  const resumed = socket.isSessionReused()
  const chain = takePresentedChain(socket)
  if (chain === undefined) return allowAnonymous ? { decision: undefined } : refuse('no_certificate')
  if (!socket.authorized) return refuseByOpenssl(String(socket.authorizationError), chain, trust)
  const presented = { leaf: chain.leaf, sent: resumed ? [] : chain.sent, resumed }
  const conclude = (decision: Decision): HandshakeResult => decision.accepted ? { decision, presented } : refuseDecided(decision, presented, trust)
  const decision = trust.evaluate(presented.leaf, presented)
  return decision instanceof Promise ? decision.then(conclude) : conclude(decision)
}

/** Whoever could not be verified is named, and the certificate at fault where that was found out. */
function refuseByOpenssl (code: string, { leaf, sent, isWhole }: PresentedChain, trust: Trust): HandshakeResult {
  const explained = isWhole ? trust.explain(leaf, sent) : undefined
  return refuse(explainVerifyCode(code), leaf, code, explained ?? { step: code, message: `OpenSSL refused the certificate: ${code}`, certificate: summarizeCertificate(leaf) })
}

function refuseDecided (decision: Refused, { leaf, resumed }: PresentedClient, trust: Trust): HandshakeResult {
  const { reason, detail } = trust.remembers(leaf) ? refusalAfterAcceptance(decision) : decision
  // The session's intermediate is not known to this process: the client has to send it, in a full handshake.
  if (resumed && reason === 'unknown_ca') return refuse('resumption_refused', leaf, undefined, detail)
  return refuse(reason, leaf, undefined, detail)
}

function refuse (reason: Refusal['reason'], leaf?: Uint8Array, code?: string, detail?: RefusalDetail): HandshakeResult {
  return { refusal: { reason, code, detail, leaf } }
}
