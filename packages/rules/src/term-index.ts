import { SegmentTrie } from './segment-trie.ts'
import type { Table, Term } from './table.ts'

/** The values of one table's keys. */
export interface TableIndex<V> {
  readonly table: Table
  readonly values: Map<string, V>
  /** Of a segmented table, once sealed. */
  readonly trie: SegmentTrie<V> | undefined
}

/** Values by term: one hash map a table, and a trie for segment patterns. Filled with `set`, then sealed, then read. */
export class TermIndex<V> {
  readonly #tables = new Map<string, { table: Table, values: Map<string, V>, patterns: Term[], trie: SegmentTrie<V> | undefined }>()

  get ({ table, key }: Term): V | undefined {
    return this.#tables.get(table.name)?.values.get(key)
  }

  set (term: Term, value: V): void {
    let entry = this.#tables.get(term.table.name)
    if (entry === undefined) {
      entry = { table: term.table, values: new Map(), patterns: [], trie: undefined }
      this.#tables.set(term.table.name, entry)
    }
    if (term.segments !== undefined && !entry.values.has(term.key)) entry.patterns.push(term)
    entry.values.set(term.key, value)
  }

  /** Builds the tries; values are final from now on. */
  seal (): readonly TableIndex<V>[] {
    for (const entry of this.#tables.values()) {
      if (!entry.table.segmented) continue
      entry.trie = new SegmentTrie()
      for (const { key, segments } of entry.patterns) entry.trie.add(segments as readonly string[], entry.values.get(key) as V)
    }
    return [...this.#tables.values()]
  }
}
