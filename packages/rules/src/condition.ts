import type { PeerValues } from './peer-values.ts'
import type { Truth } from './truth.ts'

/** A condition on the certificate of a peer. */
export interface Condition {
  test (peerValues: PeerValues): Truth
}

/** A conjunction of conditions. If all hold, the rule with this ordinal matches. */
export interface Clause {
  readonly ordinal: number
  readonly conditions: readonly Condition[]
}
