import type { HandshakeReason, RefusalDetail } from '@peerkit/events'
import type { Refused } from '@peerkit/trust'

export type { HandshakeReason } from '@peerkit/events'

/** Why a certificate is not accepted, or not any more. */
export interface CertificateRefusal {
  readonly reason: HandshakeReason
  readonly detail: RefusalDetail | undefined
}

/** Why a handshake was refused. Details are computed only when needed: strangers can cause any number of refusals. */
export interface Refusal {
  readonly reason: HandshakeReason
  /** OpenSSL's code, if OpenSSL refused. */
  readonly code: string | undefined
  /** Undefined if no certificate is at fault. Only while the socket is open. */
  detail (): RefusalDetail | undefined
  /** DER of the client's certificate; undefined if it sent none. Only while the socket is open. */
  leaf (): Uint8Array | undefined
}

/** The refusal of a certificate that was accepted before: if no path is left, its CA was removed. */
export function refusalAfterAcceptance ({ reason, detail }: Refused): CertificateRefusal {
  return { reason: reason === 'unknown_ca' ? 'ca_removed' : reason, detail }
}
