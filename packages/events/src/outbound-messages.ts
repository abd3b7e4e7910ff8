import type { PeerIdentity } from '@peerkit/identity'
import type { RefusalDetail } from './certificate-refusal.ts'
import type { EventMessage } from './message.ts'

/** `peerkit:outbound:identified` */
export interface OutboundIdentifiedMessage extends EventMessage {
  readonly origin: string
  readonly server: PeerIdentity
  readonly resumed: boolean
  /** The generation of the credentials that were presented. */
  readonly generation: number
}

/** `peerkit:outbound:refused` */
export interface OutboundRefusedMessage extends EventMessage {
  readonly origin: string
  /** An `MTLS_ERR_OUTBOUND_…` code; see docs/errors.md. */
  readonly code: string | undefined
  /** What the code leaves open: `OutboundReason` of `@peerkit/undici-mtls`. */
  readonly reason: string | undefined
  readonly message: string
  /** What is wrong, and with which of the server's certificates; undefined where no certificate is at fault. */
  readonly detail: RefusalDetail | undefined
}
