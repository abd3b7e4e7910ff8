import type { TLSSocket } from 'node:tls'
import { findVerifyCode, reasonOfVerifyCode } from '@peerkit/events'
import type { HandshakeReason, RefusalDetail } from '@peerkit/events'
import { forgiveRefusedChain, overruledChains, readLeaf, whenSettled } from '@peerkit/identity/internal'
import type { SentChain } from '@peerkit/identity/internal'
import { summarizeCertificate } from '@peerkit/identity/x509'
import type { Accepted, Decision, Refused } from '@peerkit/trust'
import { refusalAfterAcceptance } from '../connection/connection-record.ts'
import type { CertificateRefusal, PresentedClient } from '../connection/connection-record.ts'
import { hasPresentedChain, takePresentedChain } from './node-internals.ts'
import type { Trust } from './trust.ts'

/** Why a handshake was refused. Details are computed only when needed: strangers can cause any number of refusals. */
export interface Refusal {
  readonly reason: HandshakeReason
  /** OpenSSL's code, if OpenSSL refused. */
  readonly code: string | undefined
  /** Undefined if no certificate is at fault. Only while the socket is open. */
  detail (): RefusalDetail | undefined
  /** DER of the client's certificate; undefined if it sent none. Only while the socket is open. */
  leaf (): Uint8Array | undefined
  /**
   * Whether the session was refused, and a full handshake of the client might not be: there it sends its intermediates
   * again.
   */
  readonly isSessionAtFault?: boolean
}

/** OpenSSL's code if no certificate was sent. It also means that an intermediate is missing. */
const NOTHING_SENT = 'UNABLE_TO_GET_ISSUER_CERT'

/** The result of a handshake: a client, no client (if allowed), or a refusal. */
export type HandshakeResult =
  | { readonly decision: Accepted, readonly presented: PresentedClient }
  | { readonly decision: undefined }
  | { readonly refusal: Refusal }

export interface HandshakeOptions {
  readonly trust: Trust
  /** Whether clients without a certificate are accepted. */
  readonly allowAnonymous: boolean
  /** Called for each refusal by OpenSSL that was explained, with whether the client has no trusted CA. */
  readonly onExplained: (isStranger: boolean) => void
}

/**
 * Verifies a finished handshake. OpenSSL proves that the client holds the key, and must accept the certificate;
 * `evaluate` then verifies the certificate itself. OpenSSL reports a resumed session as `authorized` even if its CA was
 * removed since, and in some versions of Node also a session without a certificate.
 */
export function verifyHandshake (
  socket: TLSSocket, { trust, allowAnonymous, onExplained }: HandshakeOptions
): HandshakeResult | Promise<HandshakeResult> {
  const resumed = socket.isSessionReused()
  const verifyCode = socket.authorized ? undefined : String(socket.authorizationError)
  const overruled = verifyCode !== undefined && trust.overrules(verifyCode)
  const code = overruled ? undefined : verifyCode
  if (code !== undefined && !hasPresentedChain(socket) && !(code === NOTHING_SENT && readLeaf(socket) === undefined)) {
    return refuseUnread(socket, code)
  }
  const isUnread = overruled && !resumed && !hasPresentedChain(socket)
  const chain = takePresentedChain(socket)
  if (chain === undefined) return allowAnonymous ? { decision: undefined } : refuse('no_certificate')
  if (code !== undefined) return refuseByOpenssl(code, chain, trust, onExplained)
  const presented = { leaf: chain.leaf, sent: resumed ? [] : chain.sent, resumed }
  const conclude = (decision: Decision): HandshakeResult => {
    if (!decision.accepted) {
      // Its intermediates, which were not read, might lead to a trusted CA.
      if (isUnread && STRANGER_STEPS.has(decision.detail.step)) return refuseUnread(socket, verifyCode)
      return refuseDecided(decision, presented, trust, overruled ? verifyCode : undefined)
    }
    // OpenSSL refused for a reason that the authority does not permit.
    if (overruled && !trust.explainsCode(verifyCode, decision)) {
      return refuse(
        reasonOfVerifyCode(verifyCode), presented.leaf, describeCode(verifyCode, presented.leaf), verifyCode
      )
    }
    if (overruled) forgiveRefusedChain(socket, chain, overruledChains)
    return { decision, presented }
  }
  return whenSettled(trust.evaluate(presented.leaf, presented), conclude)
}

/** A refusal by OpenSSL that is not explained. The leaf is read only if the refusal is reported. */
function refuseUnread (socket: TLSSocket, code: string): HandshakeResult {
  const leaf = (): Uint8Array | undefined => readLeaf(socket)
  return { refusal: { reason: reasonOfVerifyCode(code), code, leaf, detail: () => describeCode(code, leaf()) } }
}

/** What `trust.explain` finds if no path with verified signatures leads to a trusted CA. */
const STRANGER_STEPS: ReadonlySet<string> = new Set(['unknown_ca', 'signature_invalid', 'other_side'])

/**
 * Names the certificate at fault, if possible. OpenSSL reports the last error that it found: even for an unknown CA
 * this may be that the certificate has expired.
 */
function refuseByOpenssl (
  code: string, { leaf, sent }: SentChain, trust: Trust, onExplained: HandshakeOptions['onExplained']
): HandshakeResult {
  const reported = reasonOfVerifyCode(code)
  const found = trust.explain(leaf, sent) ?? describeOrder(code)
  const reason = STRANGER_STEPS.has(found.step) ? 'unknown_ca' : reported
  onExplained(reason === 'unknown_ca')
  return { refusal: { reason, code, leaf: () => leaf, detail: () => found } }
}

function describeCode (code: string, leaf: Uint8Array | undefined): RefusalDetail {
  const isAboutLeaf = findVerifyCode(code)?.isAboutLeaf === true && leaf !== undefined
  const which = isAboutLeaf ? '' : '; the certificate at fault was not determined, since many clients are being refused'
  return {
    step: code,
    message: `OpenSSL refused the certificate or its chain: ${code}${which}`,
    certificate: isAboutLeaf ? summarizeCertificate(leaf) : undefined
  }
}

/** A path leads to a trusted CA, and OpenSSL did not find it. */
function describeOrder (code: string): RefusalDetail {
  const message = `OpenSSL refused the chain: ${code}. A path leads to a trusted CA, but of several certificates of ` +
    'one name OpenSSL looks at the first that was sent: send the right one first, or only that one'
  return { step: code, message, certificate: undefined }
}

/** @param code OpenSSL's code if it was overruled. The log sees by it that the client may be a stranger */
function refuseDecided (
  decision: Refused, { leaf, sent, resumed }: PresentedClient, trust: Trust, code: string | undefined
): HandshakeResult {
  const described = { ...decision, detail: trust.detailOf(decision, leaf, sent) }
  const wasAccepted = trust.remembers({ leaf, sent, resumed })
  const { reason, detail } = wasAccepted ? refusalAfterAcceptance(described) : described
  // This process does not know the session's intermediate: the client has to send it, in a full handshake.
  const isUnknown = resumed && reason === 'unknown_ca'
  const { refusal } = refuse(isUnknown ? 'resumption_refused' : reason, leaf, detail, code)
  const isSessionAtFault = isUnknown || (resumed && isIssuerAtFault(leaf, { reason, detail }))
  return { refusal: { ...refusal, isSessionAtFault } }
}

/** The reasons that may be about a CA of the path. Then another certificate of that CA may be accepted. */
const OF_ANY_CERTIFICATE: ReadonlySet<HandshakeReason> = new Set([
  'revoked', 'revocation_unknown', 'blocked', 'expired', 'not_yet_valid'
])

/** In a resumed session every CA of a path was verified before: what the client sends now names none. */
function isIssuerAtFault (leaf: Uint8Array, { reason, detail }: CertificateRefusal): boolean {
  const found = detail?.certificate?.fingerprint256
  return OF_ANY_CERTIFICATE.has(reason) && found !== undefined && found !== summarizeCertificate(leaf).fingerprint256
}

function refuse (
  reason: Refusal['reason'], leaf?: Uint8Array, detail?: RefusalDetail, code?: string
): { readonly refusal: Refusal } {
  return { refusal: { reason, code, detail: () => detail, leaf: () => leaf } }
}
