/** A cache of at most `capacity` values. It evicts the least recently used one. */
export class BoundedMemory<Value> {
  readonly #entries = new Map<string, Value>()
  readonly #capacity: number

  constructor (capacity: number) {
    this.#capacity = capacity
  }

  get (key: string): Value | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  set (key: string, value: Value): void {
    this.#entries.delete(key)
    if (this.#capacity === 0) return
    if (this.#entries.size >= this.#capacity) this.#entries.delete(this.#entries.keys().next().value as string)
    this.#entries.set(key, value)
  }

  clear (): void {
    this.#entries.clear()
  }
}
