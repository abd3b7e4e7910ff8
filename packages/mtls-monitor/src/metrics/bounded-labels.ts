/** Lets the first so many values of a label through; every other is `other`. A label that peers can choose must not make series without end. */
export class BoundedLabels {
  readonly #capacity: number
  readonly #seen = new Set<string>()

  constructor (capacity: number) {
    this.#capacity = capacity
  }

  of (value: string | undefined): string {
    if (value === undefined) return 'unknown'
    if (this.#seen.has(value)) return value
    if (this.#seen.size >= this.#capacity) return 'other'
    const kept = value.length <= 200 ? value : `${value.slice(0, 199)}…`
    this.#seen.add(kept)
    return kept
  }
}
