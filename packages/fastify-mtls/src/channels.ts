import { channel } from 'node:diagnostics_channel'
import type { Channel } from 'node:diagnostics_channel'
import type { PeerIdentity } from '@peerkit/identity'
import type { Refusal, RefusalReason } from './refusal.ts'

/** A handshake was refused. */
export interface HandshakeRefusedMessage extends Refusal {
  readonly v: 1
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  /** `h2`, `http/1.1` or undefined. */
  readonly alpnProtocol: string | undefined
  /** `TLSv1.2`, `TLSv1.3`; undefined where the handshake did not get so far. */
  readonly protocol: string | undefined
  readonly resumed: boolean
}

/** A connection's peer was accepted. */
export interface ConnectionIdentifiedMessage {
  readonly v: 1
  readonly time: number
  readonly peer: PeerIdentity
  readonly remoteAddress: string | undefined
  readonly resumed: boolean
}

/** An open connection's certificate is no longer accepted. */
export interface ConnectionEndedMessage {
  readonly v: 1
  readonly time: number
  readonly reason: RefusalReason
  readonly peer: PeerIdentity | null
  readonly remoteAddress: string | undefined
}

export const handshakeRefused: Channel = channel('peerkit:handshake:refused')
export const connectionIdentified: Channel = channel('peerkit:connection:identified')
export const connectionEnded: Channel = channel('peerkit:connection:ended')
export const forwardedRefused: Channel = channel('peerkit:forwarded:refused')
export const forwardedStripped: Channel = channel('peerkit:forwarded:stripped')
