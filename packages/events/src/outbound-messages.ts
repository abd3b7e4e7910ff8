import type { CertificateFlaw, PeerIdentity } from '@peerkit/identity'
import type { RefusalDetail } from './certificate-refusal.ts'
import type { EventMessage } from './message.ts'
import type { OutboundReason } from './reasons.ts'

/** `peerkit:outbound:identified` */
export interface OutboundIdentifiedMessage extends EventMessage {
  readonly origin: string
  readonly server: PeerIdentity
  readonly resumed: boolean
  /** The number of the credentials that were presented. */
  readonly generation: number
  /** The flaws of the certificate, or of a CA above it, that `tolerate` of the authority accepts. Undefined if none. */
  readonly tolerated?: readonly CertificateFlaw[] | undefined
}

/** `peerkit:outbound:refused` */
export interface OutboundRefusedMessage extends EventMessage {
  readonly origin: string
  /** An `MTLS_ERR_OUTBOUND_…` code of docs/errors.md. */
  readonly code: string | undefined
  /** The cause within that code. */
  readonly reason: OutboundReason | undefined
  readonly message: string
  /** The check that failed and the server's certificate. Undefined if no certificate is the cause. */
  readonly detail: RefusalDetail | undefined
}
