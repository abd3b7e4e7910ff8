import type { PeerIdentity } from '@peerkit/identity'
import type { RevocationChecker } from '@peerkit/revocation'
import type { AlgorithmPolicy, AuthorityNames } from '@peerkit/trust'
import type { AuthorityUse } from './authority-options.ts'

/** An authority in force, frozen. */
export interface SnapshotAuthority {
  /** `default` where the option `ca` is used. */
  readonly name: string
  readonly for: AuthorityUse
  readonly names: AuthorityNames
  readonly partial: boolean
  readonly algorithms: AlgorithmPolicy | undefined
  /** Until when clients with a certificate for servers alone are accepted, in milliseconds since the epoch. */
  readonly serverAuthOnlyUntil: number | undefined
  readonly anchors: readonly PeerIdentity[]
  /** CA certificates that paths may go through, and that are trusted for nothing by themselves. */
  readonly candidates: readonly PeerIdentity[]
  /** Answers from its CRLs; undefined where it has none. */
  readonly revocation: RevocationChecker | undefined
  /** Asked beside them. */
  readonly checker: RevocationChecker | undefined
}
