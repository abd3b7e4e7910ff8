import type { PeerIdentity } from '@peerkit/identity'
import { Circumstances } from '../match/circumstances.ts'
import { FALSE, PeerValues } from '../match/condition.ts'
import { PackedStore } from './packed-store.ts'
import type { PackedTables } from './packed-tables.ts'

/** Tells whom the rules that came or went concern. */
export class ChangedRules {
  readonly #store: PackedStore
  readonly #now: () => number

  /** @param now returns the time by which rules decide */
  constructor (tables: PackedTables, now: () => number) {
    this.#store = new PackedStore(tables)
    this.#now = now
  }

  /** Whether one of the rules matches a peer, or might if more was known. */
  concern (peer: PeerIdentity): boolean {
    const peerValues = new PeerValues(peer, new Circumstances(undefined, undefined, this.#now))
    return this.#store.search.test(this.#store.keysOf(peerValues)) !== FALSE
  }
}
