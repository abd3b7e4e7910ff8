import { randomInt } from 'node:crypto'
import { BoundedGroups } from '@peerkit/identity/internal'
import type { CacheEntry } from '@peerkit/identity/internal'
import { sameValues } from '../headers/header-format.ts'
import type { HeaderValues } from '../headers/header-format.ts'

/**
 * Number of characters that make the hash key. V8 would need a microsecond or more to hash the whole value. They are
 * spread over the leaf, its key and signature included, and a few over the rest. Entries are then compared in full.
 */
const SAMPLES = 48
const LEAF_LENGTH = 2_048
const FURTHER_SAMPLES = 12
/** Maximum number of entries with the same hash key. */
const MAX_ALIKE = 8

/** A cached answer, and how long it is valid. */
export interface Remembered<Answer> {
  readonly answer: Answer
  /** In milliseconds since the epoch. */
  readonly until: number
  /** The validator's generation when the answer was computed. */
  readonly generation: number
  /** Approximate size in bytes. */
  readonly weight: number
}

type Entry<Answer> = CacheEntry<number, Remembered<Answer> & { readonly values: HeaderValues }>

/** Cache of answers by exact header values, bounded in entries and in bytes; see {@link BoundedGroups}. */
export class CertificateMemory<Answer> {
  readonly #entries: BoundedGroups<number, Entry<Answer>['value']>
  /** Makes the sampled characters unpredictable for clients. */
  readonly #seed: number = randomInt(2 ** 30)

  constructor (maxEntries: number, maxBytes: number) { this.#entries = new BoundedGroups(maxEntries, maxBytes) }

  get size (): number { return this.#entries.size }

  recall (values: HeaderValues, now: number, generation: number): Answer | undefined {
    const entry = this.#find(this.#keyOf(values), values)
    if (entry === undefined || now >= entry.value.until || generation !== entry.value.generation) return undefined
    entry.used = true
    return entry.value.answer
  }

  remember (values: HeaderValues, remembered: Remembered<Answer>): void {
    const key = this.#keyOf(values)
    const weight = remembered.weight + Object.values(values).reduce((sum, text = '') => sum + text.length, 0)
    const alike = this.#entries.of(key)
    const former = this.#find(key, values) ?? (alike.length >= MAX_ALIKE ? alike.at(-1) : undefined)
    if (former !== undefined) this.#entries.remove(former)
    this.#entries.add(key, { ...remembered, values: { ...values } }, weight)
  }

  #find (key: number, values: HeaderValues): Entry<Answer> | undefined {
    for (const entry of this.#entries.of(key)) if (sameValues(values, entry.value.values)) return entry
    return undefined
  }

  /** FNV-1a over the sampled characters. */
  #keyOf ({ certificate = '' }: HeaderValues): number {
    const { length } = certificate
    const stride = Math.max(1, Math.floor(Math.min(length, LEAF_LENGTH) / SAMPLES))
    const further = Math.max(stride, Math.floor((length - LEAF_LENGTH) / FURTHER_SAMPLES))
    let mixed = this.#seed ^ length
    for (let at = this.#seed % stride; at < length; at += at < LEAF_LENGTH ? stride : further) {
      mixed = Math.imul(mixed ^ certificate.charCodeAt(at), 0x01000193)
    }
    return mixed >>> 2
  }
}
