import type { PeerIdentity } from '@peerkit/identity'
import type { RevocationChecker } from '@peerkit/revocation'
import type { SnapshotAuthority } from './authority/snapshot-authority.ts'

/** Whom we trust, at one moment: checked whole before it was taken, and frozen. */
export interface TrustSnapshot {
  /** Counts accepted snapshots, from 1. */
  readonly generation: number
  /** Moves only when the trust moved: the anchors, what their authorities vouch for, or the CRLs (and who may issue them). */
  readonly trustEpoch: number
  /** In the order in which they are asked. With the option `ca` one, called `default`. */
  readonly authorities: readonly SnapshotAuthority[]
  /** PEM of each anchor of all authorities; never empty. */
  readonly ca: readonly string[]
  /** Of all authorities. */
  readonly anchors: readonly PeerIdentity[]
  /**
   * CA certificates that paths of peers may go through, and that are trusted for nothing by themselves: the option `intermediates`, `crlIssuers`, and our own
   * intermediates. Each once.
   */
  readonly candidates: readonly PeerIdentity[]
  /** PEM of the option `intermediates`: for OpenSSL, so that it finds them where a peer left them out. */
  readonly intermediateCas: readonly string[]
  /** SHA-256 of all that the trust is made of, lower-case hex: the same on every machine with the same authorities, CRLs and policies. */
  readonly trustDigest: string
  /** Answers from the `crl` option beside `ca`. Undefined where there is none, and with named authorities, which have their own. */
  readonly revocation: RevocationChecker | undefined
  /** What was taken, but deserves a look: an anchor that has ended and was left out, a chain of our own that leads to no anchor. */
  readonly warnings: readonly string[]
}

/** What we present and whom we trust, at one moment: checked whole before it was taken, and frozen. */
export interface CredentialSnapshot extends TrustSnapshot {
  /** PEM: our leaf, then its intermediates. */
  readonly cert: string
  /** PKCS#8 PEM, decrypted. Neither enumerable nor an own property: it is in no JSON, no inspection and no copy. */
  readonly key: string
  /** Our own leaf. */
  readonly identity: PeerIdentity
  readonly intermediates: readonly PeerIdentity[]
  /** When the first of our own certificates ends that peers with our CAs need, in milliseconds since the epoch. */
  readonly notAfter: number
}

export type TrustChange<Snapshot extends TrustSnapshot = TrustSnapshot> =
  | { readonly type: 'rotated', readonly snapshot: Snapshot, readonly previous: Snapshot, readonly trustChanged: boolean }
  | {
    readonly type: 'refused'
    readonly error: Error
    /** The authority that keeps its former files. Undefined where our own certificate or key was refused, or all that a program or a provider gave. */
    readonly authority: string | undefined
    /** What stays in force. */
    readonly snapshot: Snapshot
  }
  /** What was refused is right again, be it new or what it was before. A new one has been told as `rotated`. */
  | { readonly type: 'recovered', readonly authority: string | undefined, readonly snapshot: Snapshot }

export type CredentialChange = TrustChange<CredentialSnapshot>

/** Whom we trust, live, wherever that comes from. */
export interface TrustSource<Snapshot extends TrustSnapshot = TrustSnapshot> {
  readonly current: Snapshot
  /** Calls the listener after each change. Returns a function that ends this. */
  subscribe (listener: (change: TrustChange<Snapshot>) => void): () => void
  /** Ends watchers and timers. The last snapshot stays readable. */
  close (): Promise<void>
  /** Whether `close()` was called. */
  readonly closed?: boolean
}

/** Live credentials, wherever they come from: what we present, and whom we trust. */
export type CredentialSource = TrustSource<CredentialSnapshot>
