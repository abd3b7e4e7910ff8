import type { PeerIdentity } from '@peerkit/identity'

/** What a validator says of a chain; that of `createPathValidator` of @peerkit/trust fits. */
export type ChainVerdict =
  /**
   * `path`: the verified certificates above the leaf, nearest first, the anchor last. `until`: when the answer ends, in milliseconds since the epoch. `peer`: the
   * leaf's identity, where the validator has read it.
   */
  | {
    readonly valid: true
    readonly path: readonly (PeerIdentity | Uint8Array)[]
    readonly until: number
    readonly peer?: PeerIdentity
  }
  | { readonly valid: false, readonly reason: string, readonly detail?: string | undefined }

/** Validates chains that no gateway has validated. */
export interface ChainValidator {
  /** Moves whenever an earlier answer may no longer hold; left out, answers hold until they end. */
  readonly generation?: number
  validate (leaf: Uint8Array, intermediates: readonly Uint8Array[]): ChainVerdict | Promise<ChainVerdict>
}
