import type { CertificateField, FieldValue } from '../language/values/field-value.ts'
import { FALSE, TRUE, UNKNOWN } from './condition.ts'
import type { Condition, PeerValues, Truth } from './condition.ts'
import { SegmentTrie, matchSegments, splitSegments } from './segments.ts'

/** Up to this many values are compared one by one. More get an index at the first test. */
const FEW = 8

/** Holds if the certificate has at least one of the values. Values that are known decide, even if others are not. */
export class AnyOfValues implements Condition {
  readonly values: readonly FieldValue[]
  #fields: readonly FieldIndex<true>[] | undefined

  constructor (values: readonly FieldValue[]) {
    this.values = values
  }

  test (peerValues: PeerValues): Truth {
    return this.values.length > FEW ? this.#testIndexed(peerValues) : testEach(this.values, peerValues)
  }

  #testIndexed (peerValues: PeerValues): Truth {
    if (this.#fields === undefined) {
      const index = new FieldValueIndex<true>()
      for (const value of this.values) index.set(value, true)
      this.#fields = index.seal()
    }
    let none: Truth = FALSE
    for (const { field, values, trie } of this.#fields) {
      const keys = peerValues.of(field)
      if (keys === undefined) none = UNKNOWN
      else {
        for (const key of keys) {
          if (trie === undefined ? values.has(key) : trie.find(splitSegments(key) ?? []).length > 0) return TRUE
        }
      }
    }
    return none
  }
}

/** Fields that the cache holds. More are rare: only a configuration with many attribute OIDs has them. */
const MAX_RECENT = 64
const recent = new Map<string, AnyOfValues>()

/**
 * Creates the condition that the certificate has one of `values`. Consecutive rules with the same single value, such as
 * an issuer, share one condition. That saves memory, and it stays in the processor's cache.
 */
export function createAnyOfValues (values: readonly FieldValue[]): AnyOfValues {
  const [value] = values
  if (value === undefined || values.length > 1) return new AnyOfValues(values)
  const last = recent.get(value.field.name)
  if (last !== undefined && last.values[0]?.key === value.key) return last
  if (recent.size >= MAX_RECENT) recent.clear()
  const condition = new AnyOfValues(values)
  recent.set(value.field.name, condition)
  return condition
}

function testEach (values: readonly FieldValue[], peerValues: PeerValues): Truth {
  let none: Truth = FALSE
  for (const { field, key, segments } of values) {
    const keys = peerValues.of(field)
    if (keys === undefined) none = UNKNOWN
    else if (segments === undefined ? keys.includes(key) : matchAny(segments, keys)) return TRUE
  }
  return none
}

function matchAny (pattern: readonly string[], uris: readonly string[]): boolean {
  return uris.some((uri) => matchSegments(pattern, splitSegments(uri) ?? []))
}

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
