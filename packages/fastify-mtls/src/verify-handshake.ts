import type { TLSSocket } from 'node:tls'
import type { RefusalDetail } from '@peerkit/events'
import { summarizeCertificate } from '@peerkit/identity/x509'
import type { Accepted, Decision, Refused } from '@peerkit/trust'
import type { PresentedClient } from './connection-record.ts'
import { hasPresentedChain, readLeaf, takePresentedChain } from './node-internals.ts'
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
  /** Told of each refusal by OpenSSL that was explained, and whether it was a stranger's. */
  readonly onExplained: (isStranger: boolean) => void
}

/**
 * Verifies a finished handshake. OpenSSL proves that the client holds the key, and its verdict has to agree; whose key it is is for `evaluate` to say. OpenSSL
 * calls a resumed session `authorized` whatever became of its CA since, and in some versions of Node one without a certificate too.
 */
export function verifyHandshake (socket: TLSSocket, { trust, allowAnonymous, onExplained }: HandshakeOptions): HandshakeResult | Promise<HandshakeResult> {
  const resumed = socket.isSessionReused()
  const told = socket.authorized ? undefined : String(socket.authorizationError)
  const overruled = told !== undefined && trust.overrules(told)
  const code = overruled ? undefined : told
  // OpenSSL has this code also where no certificate was sent.
  if (code !== undefined && code !== 'UNABLE_TO_GET_ISSUER_CERT' && !hasPresentedChain(socket)) return refuseUnread(socket, code)
  const chain = takePresentedChain(socket)
  if (chain === undefined) return allowAnonymous ? { decision: undefined } : refuse('no_certificate')
  if (code !== undefined) return refuseByOpenssl(code, chain, trust, onExplained)
  const presented = { leaf: chain.leaf, sent: resumed ? [] : chain.sent, resumed }
  const conclude = (decision: Decision): HandshakeResult => {
    if (!decision.accepted) return refuseDecided(decision, presented, trust, overruled ? told : undefined)
    // What OpenSSL objects to is then not what the authority lets pass.
    if (overruled && !trust.explainsCode(told, decision)) return refuse(explainVerifyCode(told), presented.leaf, describeCode(told, presented.leaf), told)
    return { decision, presented }
  }
  const decision = trust.evaluate(presented.leaf, presented)
  return decision instanceof Promise ? decision.then(conclude) : conclude(decision)
}

/** Nobody wants to know more than OpenSSL says, unless the refusal is reported. */
function refuseUnread (socket: TLSSocket, code: string): HandshakeResult {
  const leaf = (): Uint8Array | undefined => readLeaf(socket)
  return { refusal: { reason: explainVerifyCode(code), code, leaf, detail: () => describeCode(code, leaf()) } }
}

/** What `trust.explain` finds where no path of verified signatures leads to a CA in force. */
const STRANGER_STEPS: ReadonlySet<string> = new Set(['issuer_unknown', 'signature_invalid', 'other_side'])

/** Names the certificate at fault, where that can be found out. OpenSSL tells the last thing that it found, which may be that a stranger's certificate has ended. */
function refuseByOpenssl (code: string, { leaf, sent, isWhole }: PresentedChain, trust: Trust, onExplained: HandshakeOptions['onExplained']): HandshakeResult {
  const told = explainVerifyCode(code)
  if (!isWhole) return { refusal: { reason: told, code, leaf: () => leaf, detail: () => describeCode(code, leaf) } }
  const found = trust.explain(leaf, sent) ?? describeOrder(code)
  const reason = STRANGER_STEPS.has(found.step) ? 'unknown_ca' : told
  onExplained(reason === 'unknown_ca')
  return { refusal: { reason, code, leaf: () => leaf, detail: () => found } }
}

/** Codes that are about the client's own certificate. Behind the others may be any certificate above it. */
const LEAF_CODES: ReadonlySet<string> = new Set(['UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'EE_KEY_TOO_SMALL'])

function describeCode (code: string, leaf: Uint8Array | undefined): RefusalDetail {
  const isAboutLeaf = LEAF_CODES.has(code) && leaf !== undefined
  const which = isAboutLeaf ? '' : '; which certificate is at fault was not looked for, since many are refused at this time'
  return { step: code, message: `OpenSSL refused the certificate or its chain: ${code}${which}`, certificate: isAboutLeaf ? summarizeCertificate(leaf) : undefined }
}

/** A path leads to a CA in force, and OpenSSL did not find it. */
function describeOrder (code: string): RefusalDetail {
  const message = `OpenSSL refused the chain: ${code}. A path leads to a trusted CA, but of several certificates of one name OpenSSL looks at the first that was sent: send the right one first, or alone`
  return { step: code, message, certificate: undefined }
}

/** @param code OpenSSL's, where it was overruled: the log knows by it that a stranger may be who is refused */
function refuseDecided (decision: Refused, { leaf, sent, resumed }: PresentedClient, trust: Trust, code: string | undefined): HandshakeResult {
  const told = { ...decision, detail: trust.detailOf(decision, leaf, sent) }
  const { reason, detail } = trust.remembers({ leaf, sent, resumed }) ? refusalAfterAcceptance(told) : told
  // The session's intermediate is not known to this process: the client has to send it, in a full handshake.
  return refuse(resumed && reason === 'unknown_ca' ? 'resumption_refused' : reason, leaf, detail, code)
}

function refuse (reason: Refusal['reason'], leaf?: Uint8Array, detail?: RefusalDetail, code?: string): HandshakeResult {
  return { refusal: { reason, code, detail: () => detail, leaf: () => leaf } }
}
