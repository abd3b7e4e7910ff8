/** Remembers the latest keys. Where it is full, the one that was not touched for longest makes room. */
export class BoundedMap<Key, Value> {
  readonly #capacity: number
  readonly #map = new Map<Key, Value>()

  constructor (capacity: number) {
    this.#capacity = capacity
  }

  /** What is known of a key, which is then the latest; made where there is nothing. */
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
