import type { PeerFacts } from './peer-facts.ts'
import type { Truth } from './truth.ts'

/** Something that may be true of a peer. */
export interface Condition {
  test (facts: PeerFacts): Truth
}

/** Conditions that must all hold for the rule with this ordinal to match. */
export interface Clause {
  readonly ordinal: number
  readonly conditions: readonly Condition[]
}
