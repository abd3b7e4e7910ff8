import type { PeerIdentity } from '@peerkit/identity'

/** Result of validating a chain. */
export type ChainVerdict =
  /**
   * `path`: the verified certificates above the leaf, nearest first, the trust anchor last.
   * `until`: when the result expires, in milliseconds since the epoch.
   * `peer`: the leaf's identity, if the validator has parsed it.
   */
  | {
    readonly valid: true
    readonly path: readonly (PeerIdentity | Uint8Array)[]
    readonly until: number
    readonly peer?: PeerIdentity
  }
  /**
   * `reason`: a `CertificateReason` of `@peerkit/events`. Any other word counts as `bad_chain`.
   * `step`: the check that failed, if its name says more than the reason.
   */
  | { readonly valid: false, readonly reason: string, readonly step?: string, readonly detail?: string | undefined }

/** Validates chains in process. `createPathValidator` of @peerkit/trust makes one. */
export interface ChainValidator {
  /** Changes whenever earlier results may be out of date. If undefined, results are valid until they expire. */
  readonly generation?: number
  /** Takes DER. A result, not an exception, says that the chain is not valid. */
  validate (leaf: Uint8Array, intermediates: readonly Uint8Array[]): ChainVerdict | Promise<ChainVerdict>
}
