/** A map with a bounded number of keys. If it is full, the least recently used key is removed. */
export class BoundedMap<Key, Value> {
  readonly #capacity: number
  readonly #map = new Map<Key, Value>()

  constructor (capacity: number) {
    this.#capacity = capacity
  }

  /** Returns the value of a key, creates it if there is none, and marks the key as used. */
  touch (key: Key, make: () => Value): Value {
    const value = this.#map.get(key) ?? make()
    this.#map.delete(key)
    this.#map.set(key, value)
    if (this.#map.size > this.#capacity) this.#map.delete(this.#map.keys().next().value as Key)
    return value
  }

  values (): IterableIterator<Value> { return this.#map.values() }

  clear (): void { this.#map.clear() }
}
