import type { PeerIdentity } from '@peerkit/identity'
import type { RefusalDetail } from './certificate-refusal.ts'
import type { EventMessage } from './message.ts'
import type { RefusalReason } from './refusal-reason.ts'

export type { RefusalReason } from './refusal-reason.ts'

/** `peerkit:handshake:refused` */
export interface HandshakeRefusedMessage extends EventMessage {
  readonly reason: RefusalReason
  /** OpenSSL's or Node's own code, where there is one. */
  readonly code: string | undefined
  /** What is wrong, and with which certificate; undefined where no certificate is at fault. */
  readonly detail: RefusalDetail | undefined
  /** Who the certificate says that it is, unverified; undefined where no readable certificate of at most 8 KiB was sent. */
  readonly peer: PeerIdentity | undefined
  /** SHA-256 of the certificate that the client presented as its own, lower-case hex; undefined where it sent none. */
  readonly fingerprint256: string | undefined
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  /** `h2`, `http/1.1` or undefined. */
  readonly alpnProtocol: string | undefined
  /** `TLSv1.2`, `TLSv1.3`; undefined where the handshake did not get so far. */
  readonly protocol: string | undefined
  readonly resumed: boolean
  /** Milliseconds that the judgement took; undefined where there was nothing to judge. */
  readonly durationMs?: number | undefined
}

/** `peerkit:handshake:chain-unavailable` */
export interface ChainUnavailableMessage extends EventMessage {
  readonly message: string
  /** The version of Node, as `process.version` has it. */
  readonly node: string
}

/** `peerkit:connection:identified` */
export interface ConnectionIdentifiedMessage extends EventMessage {
  readonly peer: PeerIdentity
  readonly remoteAddress: string | undefined
  readonly resumed: boolean
  /** Until when it is accepted although its certificate is for servers alone, in milliseconds since the epoch; undefined where it is for clients. */
  readonly serverAuthOnlyUntil?: number | undefined
  /** Milliseconds that the judgement took. */
  readonly durationMs?: number | undefined
}

/** `peerkit:connection:ended` */
export interface ConnectionEndedMessage extends EventMessage {
  readonly reason: RefusalReason
  /** What is wrong, and with which certificate; undefined where an answer did not come in time. */
  readonly detail: RefusalDetail | undefined
  readonly peer: PeerIdentity | null
  readonly remoteAddress: string | undefined
}

/** `peerkit:forwarded:refused` and `peerkit:forwarded:stripped` */
export interface ForwardedMessage extends EventMessage {
  readonly reason: string
  /** More about the reason; never a header's value. */
  readonly detail: string | undefined
  /** The header's name. */
  readonly header: string
  /** Who sent it; null where the sender proved nothing. */
  readonly peer: PeerIdentity | null
  readonly remoteAddress: string | undefined
}
