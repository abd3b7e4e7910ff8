/** Finds the source with the most entries in constant time, because a flood needs an eviction for every event. */
export class FairEviction<Entry extends { readonly source: string }> {
  readonly #held = new Map<string, Set<Entry>>()
  /** The sources by their number of entries. */
  readonly #ranks = new Map<number, Set<string>>()
  #most = 0

  add (entry: Entry): void {
    const { source } = entry
    let held = this.#held.get(source)
    if (held === undefined) this.#held.set(source, held = new Set())
    held.add(entry)
    this.#move(source, held.size - 1, held.size)
    this.#most = Math.max(this.#most, held.size)
  }

  /**
   * Removes the oldest entry of the source with the most entries; among equals, of the one that has had them longest.
   * Undefined without entries.
   */
  takeOfMost (): Entry | undefined {
    const source = first(this.#ranks.get(this.#most))
    const held = source === undefined ? undefined : this.#held.get(source)
    const entry = first(held)
    if (source === undefined || held === undefined || entry === undefined) return undefined
    held.delete(entry)
    if (held.size === 0) this.#held.delete(source)
    this.#move(source, held.size + 1, held.size)
    // This source has one entry less now, and no source has more.
    if (this.#ranks.get(this.#most) === undefined) this.#most--
    return entry
  }

  #move (source: string, before: number, after: number): void {
    const left = this.#ranks.get(before)
    left?.delete(source)
    if (left?.size === 0) this.#ranks.delete(before)
    if (after === 0) return
    const joined = this.#ranks.get(after)
    if (joined === undefined) this.#ranks.set(after, new Set([source]))
    else joined.add(source)
  }
}

function first<T> (set: ReadonlySet<T> | undefined): T | undefined { return set?.values().next().value }
