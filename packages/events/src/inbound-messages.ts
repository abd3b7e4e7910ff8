import type { PeerIdentity } from '@peerkit/identity'
import type { EventMessage } from './message.ts'

/** Why a connection was refused, or ended. */
export type RefusalReason =
  | 'no_certificate'
  | 'unknown_ca'            // no chain to an anchor in force; a missing intermediate looks the same
  | 'expired'
  | 'not_yet_valid'
  | 'revoked'
  | 'revocation_unknown'    // no CRL or responder answers, and the policy is hard
  | 'wrong_purpose'         // extended key usage without clientAuth, or a key usage that forbids it
  | 'ca_as_leaf'
  | 'bad_chain'             // a link of the chain is no CA, too deep, or breaks a constraint
  | 'unreadable'            // the certificate's bytes are not what RFC 5280 allows
  | 'resumption_refused'    // a resumed session whose chain is not known here
  | 'ca_removed'
  | 'timeout'               // the revocation answer did not come in time
  | 'protocol'              // the handshake itself failed

/** `peerkit:handshake:refused` */
export interface HandshakeRefusedMessage extends EventMessage {
  readonly reason: RefusalReason
  /** OpenSSL's or Node's own code, where there is one. */
  readonly code: string | undefined
  /** Who asked, where a readable certificate was sent. */
  readonly peer: PeerIdentity | undefined
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  /** `h2`, `http/1.1` or undefined. */
  readonly alpnProtocol: string | undefined
  /** `TLSv1.2`, `TLSv1.3`; undefined where the handshake did not get so far. */
  readonly protocol: string | undefined
  readonly resumed: boolean
  /** Milliseconds that the judgement took; undefined where there was nothing to judge. */
  readonly judgedIn?: number | undefined
}

/** `peerkit:connection:identified` */
export interface ConnectionIdentifiedMessage extends EventMessage {
  readonly peer: PeerIdentity
  readonly remoteAddress: string | undefined
  readonly resumed: boolean
  /** Milliseconds that the judgement took. */
  readonly judgedIn?: number | undefined
}

/** `peerkit:connection:ended` */
export interface ConnectionEndedMessage extends EventMessage {
  readonly reason: RefusalReason
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
