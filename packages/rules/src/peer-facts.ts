import type { PeerIdentity } from '@peerkit/identity'
import type { Table } from './table.ts'

/** What one peer has, by table, each read at most once in a decision. */
export class PeerFacts {
  readonly peer: PeerIdentity
  readonly #read = new Map<string, readonly string[] | undefined>()

  constructor (peer: PeerIdentity) {
    this.peer = peer
  }

  /** The peer's keys in `table`; `undefined` where its identity does not say. */
  keys (table: Table): readonly string[] | undefined {
    let keys = this.#read.get(table.name)
    if (keys === undefined && !this.#read.has(table.name)) {
      keys = table.read(this.peer)
      this.#read.set(table.name, keys)
    }
    return keys
  }
}
