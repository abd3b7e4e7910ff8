/**
 * Keeps the first values of a label and replaces all further ones by `other`, so that clients cannot create series
 * without limit.
 */
export class BoundedLabels {
  readonly #capacity: number
  readonly #seen = new Set<string>()

  /** @param known values that are kept from the start. They count towards the capacity. */
  constructor (capacity: number, known: readonly string[] = []) {
    this.#capacity = capacity
    for (const value of known) this.#seen.add(value)
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
