import type { PeerIdentity } from '@peerkit/identity'
import type { RevocationChecker } from '@peerkit/revocation'

/** What we present and whom we trust, at one moment: checked whole before it was taken, and frozen. */
export interface CredentialSnapshot {
  /** Counts accepted snapshots, from 1. */
  readonly generation: number
  /** Moves only when the trust moved: the set of anchors, or the CRLs (and who may issue them). */
  readonly trustEpoch: number
  /** PEM: our leaf, then its intermediates. */
  readonly cert: string
  /** PKCS#8 PEM, decrypted. Neither enumerable nor an own property: it is in no JSON, no inspection and no copy. */
  readonly key: string
  /** PEM of each anchor; never empty. */
  readonly ca: readonly string[]
  /** Our own leaf. */
  readonly identity: PeerIdentity
  readonly intermediates: readonly PeerIdentity[]
  readonly anchors: readonly PeerIdentity[]
  /**
   * CA certificates that paths of peers may go through, and that are trusted for nothing by themselves: the option `intermediates`, `crlIssuers`, and our own
   * intermediates. Each once.
   */
  readonly candidates: readonly PeerIdentity[]
  /** PEM of the option `intermediates`: for OpenSSL, so that it finds them where a peer left them out. */
  readonly intermediateCas: readonly string[]
  /** SHA-256 of all that the trust is made of, lower-case hex: the same on every machine with the same CAs, CRLs and policy. */
  readonly trustDigest: string
  /** When the first of our own certificates ends that peers with our CAs need, in milliseconds since the epoch. */
  readonly notAfter: number
  /** Answers from the `crl` option; undefined where there is none. */
  readonly revocation: RevocationChecker | undefined
  /** What was taken, but deserves a look: an anchor that has ended and was left out, a chain of our own that leads to no anchor. */
  readonly warnings: readonly string[]
}

export type CredentialChange =
  | { readonly type: 'rotated', readonly snapshot: CredentialSnapshot, readonly previous: CredentialSnapshot, readonly trustChanged: boolean }
  | { readonly type: 'refused', readonly error: Error, /** What stays in force. */ readonly snapshot: CredentialSnapshot }

/** Live credentials, wherever they come from. */
export interface CredentialSource {
  readonly current: CredentialSnapshot
  /** Calls the listener after each change. Returns a function that ends this. */
  subscribe (listener: (change: CredentialChange) => void): () => void
  /** Ends watchers and timers. The last snapshot stays readable. */
  close (): Promise<void>
}
