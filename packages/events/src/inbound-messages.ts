import type { CertificateFlaw, PeerIdentity } from '@peerkit/identity'
import type { RefusalDetail } from './certificate-refusal.ts'
import type { EventMessage } from './message.ts'
import type { ForwardedReason, HandshakeReason } from './reasons.ts'

/** `peerkit:handshake:refused` */
export interface HandshakeRefusedMessage extends EventMessage {
  readonly reason: HandshakeReason
  /** The code of OpenSSL or Node, if there is one. */
  readonly code: string | undefined
  /** The check that failed and the certificate. Undefined if no certificate is the cause. */
  readonly detail: RefusalDetail | undefined
  /** The unverified identity of the client. Undefined without a readable certificate of at most 8 KiB. */
  readonly peer: PeerIdentity | undefined
  /** SHA-256 of the client's leaf certificate, lower-case hex. Undefined if it sent none. */
  readonly fingerprint256: string | undefined
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  /** `h2`, `http/1.1` or undefined. */
  readonly alpnProtocol: string | undefined
  /** `TLSv1.2` or `TLSv1.3`. Undefined if the handshake failed before that. */
  readonly protocol: string | undefined
  readonly resumed: boolean
  /** Milliseconds that the verification of the certificate took. Undefined if none took place. */
  readonly durationMs?: number | undefined
}

/** `peerkit:handshake:chain-unavailable` */
export interface ChainUnavailableMessage extends EventMessage {
  readonly message: string
  /** The version of Node, from `process.version`. */
  readonly node: string
}

/** `peerkit:connection:identified` */
export interface ConnectionIdentifiedMessage extends EventMessage {
  readonly peer: PeerIdentity
  readonly remoteAddress: string | undefined
  readonly resumed: boolean
  /**
   * Set if the certificate has only serverAuth: until when it is accepted, in milliseconds since the epoch. Undefined
   * for certificates with clientAuth.
   */
  readonly serverAuthOnlyUntil?: number | undefined
  /** The flaws of the certificate, or of a CA above it, that `tolerate` of the authority accepts. Undefined if none. */
  readonly tolerated?: readonly CertificateFlaw[] | undefined
  /** Milliseconds that the verification of the certificate took. */
  readonly durationMs?: number | undefined
}

/** `peerkit:connection:ended` */
export interface ConnectionEndedMessage extends EventMessage {
  readonly reason: HandshakeReason
  /** The check that failed and the certificate. Undefined if an answer did not arrive in time. */
  readonly detail: RefusalDetail | undefined
  readonly peer: PeerIdentity | null
  readonly remoteAddress: string | undefined
}

/** `peerkit:forwarded:refused` and `peerkit:forwarded:stripped` */
export interface ForwardedMessage extends EventMessage {
  readonly reason: ForwardedReason
  /** More about the reason. Never the value of a header. */
  readonly detail: string | undefined
  /** The header's name. */
  readonly header: string
  /** The sender. Null if the sender has no verified certificate. */
  readonly peer: PeerIdentity | null
  readonly remoteAddress: string | undefined
}
