import type { CertificateFlaw, PeerIdentity } from '@peerkit/identity'
import type { RevocationChecker } from '@peerkit/revocation'
import type { AlgorithmPolicy, AuthorityNames } from '@peerkit/trust'
import type { AuthorityUse } from './authority-options.ts'

/** An authority of a snapshot. Frozen. */
export interface SnapshotAuthority {
  /** `default` if the option `ca` is used. */
  readonly name: string
  /** Whether it may issue certificates of clients, servers or both. */
  readonly for: AuthorityUse
  /** The names that it may issue. */
  readonly names: AuthorityNames
  /** Whether a path may end at an intermediate CA in `ca`. */
  readonly partial: boolean
  readonly algorithms: AlgorithmPolicy | undefined
  /** Until when clients may use a certificate that is only for servers, in milliseconds since the epoch. */
  readonly serverAuthOnlyUntil: number | undefined
  /** Flaws of the certificates of peers that are accepted. Usually empty. */
  readonly tolerate: readonly CertificateFlaw[]
  /** Its trust anchors. */
  readonly anchors: readonly PeerIdentity[]
  /** CA certificates that paths may use, without being trust anchors. */
  readonly candidates: readonly PeerIdentity[]
  /** Checks its CRLs; undefined if it has none. */
  readonly revocation: RevocationChecker | undefined
  /** Its option `checker`, asked in addition. */
  readonly checker: RevocationChecker | undefined
}
