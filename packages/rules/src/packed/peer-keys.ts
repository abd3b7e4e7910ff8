import { splitSegments } from '../match/segments.ts'
import type { PeerValues } from '../match/condition.ts'
import type { CertificateField } from '../language/values/field-value.ts'
import type { PackedTables } from './packed-tables.ts'
import { findPatterns } from './pattern-tables.ts'
import { findValue } from './value-table.ts'

/** What is needed of a store. */
export interface KeyStore {
  readonly tables: Pick<PackedTables, 'values' | 'patterns'>
  readonly fields: readonly CertificateField[]
}

/** Which values of a store a peer has. Each field is looked up at most once per decision. */
export class PeerKeys {
  readonly peerValues: PeerValues
  readonly #store: KeyStore
  /** By number of the field; null if it is unknown. */
  readonly #found: (readonly number[] | null | undefined)[] = []

  constructor (store: KeyStore, peerValues: PeerValues) {
    this.#store = store
    this.peerValues = peerValues
  }

  /** The values of a field that the peer has, by their numbers; `undefined` if the field is unknown. */
  of (field: number): readonly number[] | undefined {
    let found = this.#found[field]
    if (found === undefined) this.#found[field] = found = this.#find(field) ?? null
    return found ?? undefined
  }

  #find (field: number): readonly number[] | undefined {
    const { tables: { values, patterns }, fields } = this.#store
    const keys = this.peerValues.of(fields[field - 1] as CertificateField)
    if (keys === undefined) return undefined
    const found: number[] = []
    const trie = patterns.get(field)
    for (const key of keys) {
      if (trie !== undefined) findPatterns(trie, values, splitSegments(key) ?? [], found)
      else {
        const value = findValue(values, field, key)
        if (value !== -1) found.push(value)
      }
    }
    return found
  }
}
