import type { PeerIdentity } from '@peerkit/identity'
import type { CertificateField } from '../language/values/field-value.ts'
import { noCircumstances } from './circumstances.ts'
import type { Circumstances } from './circumstances.ts'

/**
 * Three-valued logic (Kleene). `UNKNOWN` is the result for a field that a partial identity lacks. It is not a match,
 * and its negation is not a match either, so that `not` never allows a peer because too little is known.
 */
export type Truth = 0 | 1 | 2
export const FALSE = 0
export const TRUE = 1
export const UNKNOWN = 2

/** `true` and `false` are swapped, unknown stays unknown. */
export function negate (truth: Truth): Truth {
  return truth === UNKNOWN ? UNKNOWN : truth === TRUE ? FALSE : TRUE
}

/** What is known is true or false. */
export function truthOf (holds: boolean): Truth {
  return holds ? TRUE : FALSE
}

/** Whether all hold: one that is false decides, even if others are unknown. */
export function allOf (truths: readonly Truth[]): Truth {
  return truths.includes(FALSE) ? FALSE : truths.includes(UNKNOWN) ? UNKNOWN : TRUE
}

/** Whether any holds: one that is true decides, even if others are unknown. */
export function anyOf (truths: readonly Truth[]): Truth {
  return truths.includes(TRUE) ? TRUE : truths.includes(UNKNOWN) ? UNKNOWN : FALSE
}

/** The values of one peer by field. Each field is read at most once per decision. */
export class PeerValues {
  readonly peer: PeerIdentity
  readonly circumstances: Circumstances
  readonly #read = new Map<string, readonly string[] | undefined>()

  /** @param circumstances default: without a request */
  constructor (peer: PeerIdentity, circumstances: Circumstances = noCircumstances()) {
    this.peer = peer
    this.circumstances = circumstances
  }

  /** The peer's keys in `field`; `undefined` if they are unknown. */
  of (field: CertificateField): readonly string[] | undefined {
    let keys = this.#read.get(field.name)
    if (keys === undefined && !this.#read.has(field.name)) {
      keys = field.read(this.peer)
      this.#read.set(field.name, keys)
    }
    return keys
  }
}

/** A condition on the certificate of a peer, or on the circumstances. */
export interface Condition {
  test (peerValues: PeerValues): Truth
}

/** A conjunction of conditions. If all hold, the rule with this ordinal matches. */
export interface Clause {
  readonly ordinal: number
  readonly conditions: readonly Condition[]
}
