/** An entry of a cache. */
export interface CacheEntry<Key, Value> {
  readonly key: Key
  readonly value: Value
  /** How much memory it keeps in use, in bytes, approximately. */
  readonly weight: number
  /** Whether it was used since eviction last passed over it. Who looks it up sets this. */
  used: boolean
}

interface Linked<Key, Value> extends CacheEntry<Key, Value> {
  older: Linked<Key, Value> | undefined
  newer: Linked<Key, Value> | undefined
}

/** An entry heavier than this share of the cache is not kept, so that it does not evict many others. */
const MAX_SHARE = 1 / 16

const NOTHING: readonly never[] = Object.freeze([])

/**
 * A cache, bounded in entries and in bytes. Several entries may share a key, for keys that are cheap and not unique:
 * who looks up compares the values. When it is full, it evicts the oldest entry that was not used recently
 * (second-chance algorithm), so that a look-up only sets a flag.
 *
 * The order is a linked list. The first key of a Map would do as well, but finding it takes the longer the more entries
 * were deleted: V8 skips their holes one by one.
 */
export class BoundedGroups<Key, Value> {
  readonly #groups = new Map<Key, Linked<Key, Value>[]>()
  readonly #maxEntries: number
  readonly #maxBytes: number
  #oldest: Linked<Key, Value> | undefined
  #newest: Linked<Key, Value> | undefined
  #size = 0
  #bytes = 0

  constructor (maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries
    this.#maxBytes = maxBytes
  }

  get size (): number { return this.#size }

  /** The weight of all entries. */
  get bytes (): number { return this.#bytes }

  /** The entries of a key, the newest first. */
  of (key: Key): ReadonlyArray<CacheEntry<Key, Value>> { return this.#groups.get(key) ?? NOTHING }

  /** Adds an entry, and evicts others if there is no room for it. Does nothing if it is too heavy. */
  add (key: Key, value: Value, weight: number): void {
    if (this.#maxEntries === 0 || weight > this.#maxBytes * MAX_SHARE) return
    while (this.#size >= this.#maxEntries || this.#bytes + weight > this.#maxBytes) this.#evict()
    const entry: Linked<Key, Value> = { key, value, weight, used: false, older: undefined, newer: undefined }
    const group = this.#groups.get(key)
    if (group === undefined) this.#groups.set(key, [entry])
    else group.unshift(entry)
    this.#append(entry)
    this.#size += 1
    this.#bytes += weight
  }

  /** Removes an entry that `of` returned. */
  remove (entry: CacheEntry<Key, Value>): void {
    this.#detach(entry as Linked<Key, Value>)
    const left = this.of(entry.key).filter((other) => other !== entry)
    if (left.length === 0) this.#groups.delete(entry.key)
    else this.#groups.set(entry.key, left as Linked<Key, Value>[])
    this.#size -= 1
    this.#bytes -= entry.weight
  }

  /** All entries, the oldest first. Entries that were passed over count as new. */
  * [Symbol.iterator] (): Generator<CacheEntry<Key, Value>> {
    for (let entry = this.#oldest; entry !== undefined; entry = entry.newer) yield entry
  }

  /** Requires a cache that is not empty. */
  #evict (): void {
    let entry = this.#oldest as Linked<Key, Value>
    while (entry.used) {
      entry.used = false
      this.#detach(entry)
      this.#append(entry)
      entry = this.#oldest as Linked<Key, Value>
    }
    this.remove(entry)
  }

  #append (entry: Linked<Key, Value>): void {
    entry.older = this.#newest
    if (this.#newest === undefined) this.#oldest = entry
    else this.#newest.newer = entry
    this.#newest = entry
  }

  #detach (entry: Linked<Key, Value>): void {
    const { older, newer } = entry
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
    entry.older = entry.newer = undefined
  }
}
