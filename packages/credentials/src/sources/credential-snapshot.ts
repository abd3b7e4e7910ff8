import type { CertificateFlaw, PeerIdentity } from '@peerkit/identity'
import type { RevocationChecker } from '@peerkit/revocation'
import type { AlgorithmPolicy, AuthorityNames } from '@peerkit/trust'
import type { AuthorityUse } from '../authority/authority-options.ts'
import type { OpaqueKey } from '../pkcs11/opaque-key.ts'
import type { SourceStatus } from './source-status.ts'

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
  /** Whether it accepts X.509-SVIDs only. */
  readonly spiffeOnly: boolean
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

/** The trusted CAs and CRLs at one moment. Every part passed its checks. Frozen. */
export interface TrustSnapshot {
  /** Counts accepted snapshots, from 1. */
  readonly generation: number
  /** Counts up when the CAs, the names that their authorities may issue, the CRLs or the CRL issuers change. */
  readonly trustEpoch: number
  /** In the order in which they are tried. With the option `ca` there is one, named `default`. */
  readonly authorities: readonly SnapshotAuthority[]
  /** PEM of each trust anchor of all authorities. Empty only if every trust domain has withdrawn its bundle. */
  readonly ca: readonly string[]
  /** The trust anchors of all authorities. */
  readonly anchors: readonly PeerIdentity[]
  /**
   * CA certificates that paths of peers may use, without being trust anchors: the options `intermediates` and
   * `crlIssuers`, and our own intermediates. Without duplicates.
   */
  readonly candidates: readonly PeerIdentity[]
  /** PEM of the option `intermediates`. OpenSSL uses them if a peer does not send them. */
  readonly intermediateCas: readonly string[]
  /** SHA-256 of all authorities, CRLs and policies, in lower-case hex. Equal on every machine with the same ones. */
  readonly trustDigest: string
  /** Checks the CRLs of the option `crl`. Undefined without `crl`, and with `authorities`: each has its own. */
  readonly revocation: RevocationChecker | undefined
  /** Problems that did not prevent use: a CA that has expired and is ignored, or our chain leads to no CA in `ca`. */
  readonly warnings: readonly string[]
}

/** Our certificate and key, and the trusted CAs and CRLs, at one moment. Every part passed its checks. Frozen. */
export interface CredentialSnapshot extends TrustSnapshot {
  /** Our leaf certificate, then its intermediates, PEM. */
  readonly cert: string
  /**
   * The private key, PKCS#8 PEM, decrypted. Not an own property: it never appears in JSON, `util.inspect` or a copy.
   * Undefined if the key is in a token: see `opaqueKey`.
   */
  readonly key: string | undefined
  /** The private key in a token, which nobody can read. Undefined or missing: the key is in `key`. */
  readonly opaqueKey?: OpaqueKey | undefined
  /** Our leaf certificate, parsed. */
  readonly identity: PeerIdentity
  /** Our intermediates, parsed. */
  readonly intermediates: readonly PeerIdentity[]
  /**
   * When the first of our certificates expires that peers with the same CAs need, in milliseconds since the epoch. If
   * it was withdrawn: when that was.
   */
  readonly notAfter: number
  /**
   * Whether who issued the certificate took it back, as an agent of SPIFFE can. It is not presented any more: servers
   * refuse every handshake, and clients call nobody. New material ends that. Default false.
   */
  readonly withdrawn?: boolean
  /** The option `sendCaNames`: whether servers send the names of the trusted CAs to clients. Default true. */
  readonly sendCaNames?: boolean
}

/** What a listener of a trust source gets. */
export type TrustChange<Snapshot extends TrustSnapshot = TrustSnapshot> =
  | {
    /** A new snapshot is in use. */
    readonly type: 'rotated'
    readonly snapshot: Snapshot
    readonly previous: Snapshot
    /** Whether `trustEpoch` changed. */
    readonly trustChanged: boolean
  }
  | {
    /** A change failed its checks. */
    readonly type: 'refused'
    readonly error: Error
    /**
     * The authority that keeps its former files. Undefined for our certificate and key, and if everything was refused.
     */
    readonly authority: string | undefined
    /** The snapshot that stays in use. */
    readonly snapshot: Snapshot
  }
  /** What was refused is valid again, with new or former contents. New contents were announced as `rotated` before. */
  | { readonly type: 'recovered', readonly authority: string | undefined, readonly snapshot: Snapshot }

/** What a listener of a credential source gets. */
export type CredentialChange = TrustChange<CredentialSnapshot>

/** A source of trusted CAs and CRLs that can change while the process runs. */
export interface TrustSource<Snapshot extends TrustSnapshot = TrustSnapshot> {
  /** The snapshot in use. */
  readonly current: Snapshot
  /** Calls the listener after each change. Returns a function that unsubscribes it. */
  subscribe (listener: (change: TrustChange<Snapshot>) => void): () => void
  /** Stops watchers and timers. The last snapshot can still be read. */
  close (): Promise<void>
  /** Whether `close()` was called. */
  readonly closed?: boolean
  /**
   * Whether an authority of this name may be added while the source runs, without a change of its options: a federated
   * trust domain of SPIFFE. It then vouches for SPIFFE IDs of the trust domain of its name. Undefined: for no name.
   */
  mayAdd?: (authority: string) => boolean
  /** How new material is got, and whether it can be at this moment. Undefined where a source does not tell. */
  status?: () => SourceStatus
}

/** A source of our certificate and key, and of trusted CAs and CRLs, that can change while the process runs. */
export type CredentialSource = TrustSource<CredentialSnapshot>
