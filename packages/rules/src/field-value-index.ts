import { SegmentTrie } from './segment-trie.ts'
import type { CertificateField, FieldValue } from './certificate-field.ts'

/** The index of one field, by key. */
export interface FieldIndex<V> {
  readonly field: CertificateField
  readonly values: Map<string, V>
  /** For a segmented field, after `seal`. */
  readonly trie: SegmentTrie<V> | undefined
}

interface Entry<V> {
  readonly field: CertificateField
  readonly values: Map<string, V>
  readonly patterns: FieldValue[]
  trie: SegmentTrie<V> | undefined
}

/** A map by field value: a hash map per field, and a trie for segment patterns. Call `set`, then `seal`, then read. */
export class FieldValueIndex<V> {
  readonly #fields = new Map<string, Entry<V>>()

  get ({ field, key }: FieldValue): V | undefined {
    return this.#fields.get(field.name)?.values.get(key)
  }

  set (fieldValue: FieldValue, value: V): void {
    let entry = this.#fields.get(fieldValue.field.name)
    if (entry === undefined) {
      entry = { field: fieldValue.field, values: new Map(), patterns: [], trie: undefined }
      this.#fields.set(fieldValue.field.name, entry)
    }
    if (fieldValue.segments !== undefined && !entry.values.has(fieldValue.key)) entry.patterns.push(fieldValue)
    entry.values.set(fieldValue.key, value)
  }

  /** Builds the tries. Do not call `set` afterwards. */
  seal (): readonly FieldIndex<V>[] {
    for (const entry of this.#fields.values()) {
      if (!entry.field.segmented) continue
      entry.trie = new SegmentTrie()
      for (const { key, segments } of entry.patterns) {
        entry.trie.add(segments as readonly string[], entry.values.get(key) as V)
      }
    }
    return [...this.#fields.values()]
  }
}
