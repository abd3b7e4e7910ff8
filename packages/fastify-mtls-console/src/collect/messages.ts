import type { PeerIdentity } from '@peerkit/identity'
import type { NearestRule } from './describe-nearest.ts'

/** What every message of a diagnostics channel has. */
export interface Message { readonly v: 1, readonly time: number }

/** `peerkit:request:allowed`, `…:denied`, `…:would-deny`. */
export interface JudgedMessage extends Message {
  readonly peer: PeerIdentity | null
  readonly reason: string | undefined
  readonly rules: string | undefined
  readonly nearest: NearestRule | undefined
  readonly requestId: string
  readonly method: string
  readonly path: string
  readonly route: string | undefined
  readonly remoteAddress: string | undefined
}

/** `peerkit:connection:identified`. */
export interface IdentifiedMessage extends Message { readonly peer: PeerIdentity, readonly remoteAddress: string | undefined }

/** `peerkit:connection:ended`, `peerkit:forwarded:refused`. */
export interface EndedMessage extends Message { readonly reason: string, readonly peer: PeerIdentity | null, readonly remoteAddress: string | undefined, readonly header?: string }

/** `peerkit:handshake:refused`. */
export interface HandshakeMessage extends Message {
  readonly reason: string
  readonly code: string | undefined
  readonly peer: PeerIdentity | undefined
  readonly remoteAddress: string | undefined
  readonly protocol: string | undefined
  readonly resumed: boolean
}

/** `peerkit:credentials:*`, `peerkit:revocation:*`, `peerkit:rules:*`: each has some of these. */
export interface ChangeMessage extends Message {
  readonly generation?: number
  readonly trustChanged?: boolean
  readonly identity?: PeerIdentity
  readonly code?: string
  readonly reason?: string
  readonly message?: string
  readonly source?: string
  readonly url?: string
  readonly issuer?: string
  readonly why?: string
  readonly serialNumber?: string
  readonly file?: string
  readonly error?: Error
}

/** `peerkit:outbound:identified`, `peerkit:outbound:refused`. */
export interface OutboundMessage extends Message { readonly origin: string, readonly server?: PeerIdentity, readonly code?: string, readonly reason?: string, readonly message?: string }
