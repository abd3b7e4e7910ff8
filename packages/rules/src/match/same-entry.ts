import type { PeerIdentity } from '@peerkit/identity'
import { FALSE, TRUE, UNKNOWN } from './condition.ts'
import type { Condition, PeerValues, Truth } from './condition.ts'

/**
 * Holds if one entry of a list has all parts that a rule asks for. A certificate may have several entries, such as two
 * directory names, or two professions with a number each. Without this condition, the parts could be of different ones.
 */
export class SameEntry<Entry> implements Condition {
  readonly #list: (peer: PeerIdentity) => readonly Entry[] | undefined
  readonly #parts: readonly ((entry: Entry) => boolean)[]

  /** @param list the entries of a peer; `undefined` if they are unknown */
  constructor (
    list: (peer: PeerIdentity) => readonly Entry[] | undefined, parts: readonly ((entry: Entry) => boolean)[]
  ) {
    this.#list = list
    this.#parts = parts
  }

  test ({ peer }: PeerValues): Truth {
    const entries = this.#list(peer)
    if (entries === undefined) return UNKNOWN
    return entries.some((entry) => this.#parts.every((has) => has(entry))) ? TRUE : FALSE
  }
}
