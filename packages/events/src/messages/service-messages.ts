import type { PeerIdentity } from '@peerkit/identity'
import type { EventMessage } from '../channels/emitter.ts'

// What happens to this service: its rules, credentials and revocation lists, and what expires.

/** What happened to a rules file. */
interface RulesFileMessage extends EventMessage {
  readonly file: string
  /** The number of the accepted file, counted from 1. */
  readonly generation: number
}

/** `peerkit:rules:reloaded` */
export interface RulesReloadedMessage extends RulesFileMessage {
  /** The rules that came, as `path: rule`, at most 50. */
  readonly added?: readonly string[] | undefined
  /** The rules that went, at most 50. */
  readonly removed?: readonly string[] | undefined
  /** How many rules came, and how many went. */
  readonly addedCount?: number | undefined
  readonly removedCount?: number | undefined
}

/** `peerkit:rules:refused`: the rules with the number `generation` stay in force. */
export interface RulesRefusedMessage extends RulesFileMessage {
  readonly error: Error
}

/** `peerkit:credentials:rotated` */
export interface CredentialsRotatedMessage extends EventMessage {
  /** The number of the snapshot, counted from 1. */
  readonly generation: number
  /** Version counter: increases when the anchors or the CRLs change. */
  readonly trustEpoch: number
  /** Whether the anchors or the CRLs changed. */
  readonly trustChanged: boolean
  /** The new own leaf certificate. Undefined for a source without one, such as `fileTrust`. */
  readonly identity: PeerIdentity | undefined
  /**
   * When the first certificate of the own chain expires, in milliseconds since the epoch. Undefined without a chain.
   */
  readonly notAfter: number | undefined
  /** Whether the own certificate was taken back by its issuer: it is not presented until there is a new one. */
  readonly withdrawn?: boolean | undefined
  /** Who was asked for them: the name of the `CertificateIssuer`. Undefined for other sources. */
  readonly from?: string | undefined
  readonly warnings: readonly string[]
}

/** `peerkit:credentials:refused` and `peerkit:credentials:waiting`: the old credentials stay in force. */
export interface CredentialsRefusedMessage extends EventMessage {
  readonly code: string | undefined
  readonly reason: string | undefined
  /**
   * For files: the authority that keeps its former files. Undefined if the own certificate or key was refused, or all
   * credentials at once.
   */
  readonly authority?: string | undefined
  readonly message: string
  /** Who was asked for them: the name of the `CertificateIssuer`. Undefined for other sources. */
  readonly from?: string | undefined
  /** The number of the snapshot that stays in force. */
  readonly generation: number
}

/** `peerkit:credentials:recovered`: what was refused is right again, be it new or what it was before. */
export interface CredentialsRecoveredMessage extends EventMessage {
  /** Of files: the authority. Undefined where it is our own certificate or key, or all that was given at once. */
  readonly authority: string | undefined
  /** Who was asked for them: the name of the `CertificateIssuer`. Undefined for other sources. */
  readonly from?: string | undefined
  readonly generation: number
}

/** `peerkit:credentials:warned` */
export interface CredentialsWarnedMessage extends EventMessage {
  readonly message: string
  readonly generation: number
}

/**
 * `peerkit:revocation:refreshed`. A CRL sets `number`, `entries` and `nextUpdate`. An OCSP answer sets `serialNumber`,
 * `state` and `until`.
 */
export interface RevocationRefreshedMessage extends EventMessage {
  readonly source: 'crl' | 'ocsp'
  readonly url?: string
  /** The issuer of the CRL, or of the certificate that OCSP was asked about. */
  readonly issuer?: string | undefined
  readonly number?: string | undefined
  readonly entries?: number
  /** Milliseconds since the epoch. */
  readonly nextUpdate?: number
  readonly serialNumber?: string | undefined
  readonly state?: string
  /** When the OCSP answer expires, in milliseconds since the epoch. */
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
  /** Why the revocation status is unknown. */
  readonly why: string
  readonly issuer: string | undefined
  readonly serialNumber: string | undefined
  readonly fingerprint256: string | undefined
}

/**
 * What expires. `own`: the own leaf or an intermediate. `anchor`: a trusted CA. `peer`: the certificate of a client.
 */
export type ExpiringKind = 'own' | 'anchor' | 'crl' | 'peer'

/** `peerkit:expiry:soon`: published once for each threshold that a certificate or CRL passes. */
export interface ExpiringMessage extends EventMessage {
  readonly what: ExpiringKind
  /** A short name of the certificate. For a CRL: its issuer. */
  readonly name: string
  readonly issuer: string | undefined
  readonly serialNumber: string | undefined
  /** Undefined for a CRL. */
  readonly fingerprint256: string | undefined
  /** When it expires, in milliseconds since the epoch. */
  readonly notAfter: number
  /** Milliseconds until it expires. 0 or less if it has expired. */
  readonly left: number
  /** The threshold as configured: `30d`, `1/3`. `0` if it has expired. */
  readonly threshold: string
  /** For `anchor`: the authority that has this CA. For `peer`: the authority that vouches for the client. */
  readonly authority?: string | undefined
}
