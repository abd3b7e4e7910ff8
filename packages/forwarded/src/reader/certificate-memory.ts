import { randomInt } from 'node:crypto'
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

interface Entry<Answer> extends Remembered<Answer> {
  readonly values: HeaderValues
  used: boolean
}

/**
 * Cache of answers by exact header values. Limited in entries and bytes. When full, it evicts by the second-chance
 * algorithm: the oldest entry that was not read since it was last skipped. A read only sets a flag.
 */
export class CertificateMemory<Answer> {
  readonly #alike = new Map<number, Entry<Answer>[]>()
  readonly #maxEntries: number
  readonly #maxBytes: number
  /** Makes the sampled characters unpredictable for clients. */
  readonly #seed: number = randomInt(2 ** 30)
  #size = 0
  #bytes = 0

  constructor (maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries
    this.#maxBytes = maxBytes
  }

  get size (): number { return this.#size }

  recall (values: HeaderValues, now: number, generation: number): Answer | undefined {
    const entry = this.#find(this.#alike.get(this.#keyOf(values)), values)
    if (entry === undefined || now >= entry.until || generation !== entry.generation) return undefined
    entry.used = true
    return entry.answer
  }

  remember (values: HeaderValues, remembered: Remembered<Answer>): void {
    const key = this.#keyOf(values)
    const weight = remembered.weight + Object.values(values).reduce((sum, text = '') => sum + text.length, 0)
    const alike = this.#alike.get(key) ?? []
    const former = this.#find(alike, values) ?? (alike.length >= MAX_ALIKE ? alike[0] : undefined)
    if (former !== undefined) this.#forget(key, alike, former)
    if (weight > this.#maxBytes || this.#maxEntries === 0) return
    while (this.#size >= this.#maxEntries || this.#bytes + weight > this.#maxBytes) this.#evict()
    const entry = { ...remembered, weight, values: { ...values }, used: false }
    const group = this.#alike.get(key)
    if (group === undefined) this.#alike.set(key, [entry])
    else group.push(entry)
    this.#size++
    this.#bytes += weight
  }

  #find (alike: readonly Entry<Answer>[] | undefined, values: HeaderValues): Entry<Answer> | undefined {
    if (alike === undefined) return undefined
    for (const entry of alike) if (sameValues(values, entry.values)) return entry
    return undefined
  }

  /** Requires a cache that is not empty. */
  #evict (): void {
    for (const [key, alike] of this.#alike) {
      const entry = alike[0] as Entry<Answer>
      if (!entry.used) {
        this.#forget(key, alike, entry)
        return
      }
      entry.used = false
      // Moves the entry to the end of the queue.
      alike.push(alike.shift() as Entry<Answer>)
      this.#alike.delete(key)
      this.#alike.set(key, alike)
    }
  }

  #forget (key: number, alike: Entry<Answer>[], entry: Entry<Answer>): void {
    alike.splice(alike.indexOf(entry), 1)
    if (alike.length === 0) this.#alike.delete(key)
    this.#size--
    this.#bytes -= entry.weight
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
