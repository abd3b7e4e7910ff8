import type { PeerIdentity } from '@peerkit/identity'
import type { EventMessage } from './message.ts'

/** `peerkit:credentials:rotated` */
export interface CredentialsRotatedMessage extends EventMessage {
  /** Counts the accepted snapshots, from 1. */
  readonly generation: number
  readonly trustEpoch: number
  /** Whether the anchors or the CRLs changed. */
  readonly trustChanged: boolean
  /** Our own new leaf; undefined of a source without one, such as `fileTrust`. */
  readonly identity: PeerIdentity | undefined
  /** When the first of our own certificates ends, in milliseconds since the epoch; undefined where there is none. */
  readonly notAfter: number | undefined
  readonly warnings: readonly string[]
}

/** `peerkit:credentials:refused` and `peerkit:credentials:waiting`: what is in force stays. */
export interface CredentialsRefusedMessage extends EventMessage {
  readonly code: string | undefined
  readonly reason: string | undefined
  /** Of files: the authority that keeps its former ones. Undefined where our own certificate or key was refused, or all that was given at once. */
  readonly authority?: string | undefined
  readonly message: string
  /** What stays in force. */
  readonly generation: number
}

/** `peerkit:credentials:recovered`: what was refused is right again, be it new or what it was before. */
export interface CredentialsRecoveredMessage extends EventMessage {
  /** Of files: the authority. Undefined where it is our own certificate or key, or all that was given at once. */
  readonly authority: string | undefined
  readonly generation: number
}

/** `peerkit:credentials:warned` */
export interface CredentialsWarnedMessage extends EventMessage {
  readonly message: string
  readonly generation: number
}

/** `peerkit:revocation:refreshed`. Of a CRL `number`, `entries` and `nextUpdate`, of an OCSP answer `serialNumber`, `state` and `until`. */
export interface RevocationRefreshedMessage extends EventMessage {
  readonly source: 'crl' | 'ocsp'
  readonly url?: string
  /** Whose list, or whose certificate. */
  readonly issuer?: string | undefined
  readonly number?: string | undefined
  readonly entries?: number
  /** Milliseconds since the epoch. */
  readonly nextUpdate?: number
  readonly serialNumber?: string | undefined
  readonly state?: string
  /** Until when the answer counts, in milliseconds since the epoch. */
  readonly until?: number
}

/** `peerkit:revocation:failed` */
export interface RevocationFailedMessage extends EventMessage {
  readonly source: 'crl' | 'ocsp'
  readonly code: string | undefined
  readonly reason: string | undefined
  readonly message: string | undefined
  readonly url?: string
  readonly issuer?: string | undefined
  readonly serialNumber?: string | undefined
}

/** `peerkit:revocation:soft-passed` */
export interface RevocationSoftPassedMessage extends EventMessage {
  /** Why nothing is known. */
  readonly why: string
  readonly issuer: string | undefined
  readonly serialNumber: string | undefined
  readonly fingerprint256: string | undefined
}

/** Whose time runs out. `own`: our leaf or an intermediate; `anchor`: a CA of our trust; `peer`: the certificate of a client that calls. */
export type ExpiringKind = 'own' | 'anchor' | 'crl' | 'peer'

/** `peerkit:expiry:soon`: once per certificate or list and threshold. */
export interface ExpiringMessage extends EventMessage {
  readonly what: ExpiringKind
  /** Who it is, in short; of a CRL its issuer. */
  readonly name: string
  readonly issuer: string | undefined
  readonly serialNumber: string | undefined
  /** Undefined for a CRL. */
  readonly fingerprint256: string | undefined
  /** When it ends, in milliseconds since the epoch. */
  readonly notAfter: number
  /** What is left, in milliseconds; not above 0 where it has ended. */
  readonly left: number
  /** The threshold that was passed, as it was given: `30d`, `1/3`; `0` where it has ended. */
  readonly threshold: string
  /** Of an anchor and of a peer: the authority that it belongs to, or that vouches for it. */
  readonly authority?: string | undefined
}
