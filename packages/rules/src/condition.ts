import type { PeerValues } from './peer-values.ts'
import type { Truth } from './truth.ts'

/** Something that may be true of a peer. */
export interface Condition {
  test (peerValues: PeerValues): Truth
}

/** Conditions that must all hold for the rule with this ordinal to match. */
export interface Clause {
  readonly ordinal: number
  readonly conditions: readonly Condition[]
}
