import type { PeerIdentity } from '@peerkit/identity'
import { UNKNOWN, allOf, anyOf } from './condition.ts'
import type { Condition, PeerValues, Truth } from './condition.ts'

/** Whether one entry of a list has a part that a rule asks for. */
export type EntryTest<Entry> = (entry: Entry, peerValues: PeerValues) => Truth

/**
 * Holds if one entry of a list has all parts that a rule asks for. A certificate may have several entries, such as two
 * directory names, or two professions with a number each. Without this condition, the parts could be of different ones.
 */
export class SameEntry<Entry> implements Condition {
  readonly #list: (peer: PeerIdentity) => readonly Entry[] | undefined
  readonly #parts: readonly EntryTest<Entry>[]

  /** @param list the entries of a peer; `undefined` if they are unknown */
  constructor (list: (peer: PeerIdentity) => readonly Entry[] | undefined, parts: readonly EntryTest<Entry>[]) {
    this.#list = list
    this.#parts = parts
  }

  test (peerValues: PeerValues): Truth {
    const entries = this.#list(peerValues.peer)
    // Without an entry, the conditions beside this one decide. A value that the request lacks leaves one unknown.
    if (entries === undefined || entries.length === 0) return UNKNOWN
    return anyOf(entries.map((entry) => allOf(this.#parts.map((has) => has(entry, peerValues)))))
  }
}
