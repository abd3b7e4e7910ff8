import { hash } from 'node:crypto'
import type { HeaderRole, HeaderValues } from './header-format.ts'

/** V8 hashes longer strings by their length alone: many of one length would make each look-up walk them all. */
const MAX_KEY_LENGTH = 8_192

/** An answer to exact header values, and how long it holds. */
export interface Remembered<Answer> {
  readonly answer: Answer
  /** In milliseconds since the epoch. */
  readonly until: number
  /** What the trust was when it was given. */
  readonly generation: number
  /** About how many bytes it takes. */
  readonly weight: number
}

interface Entry<Answer> extends Remembered<Answer> {
  readonly values: HeaderValues
  used: boolean
}

/**
 * Answers by header values: the certificate's text is the key, and every other value must be the same. Bounded in number and bytes; when full, the oldest that nobody asked for since it was last
 * passed over goes (second chance), so that a repeated look-up is a single one.
 */
export class CertificateMemory<Answer> {
  readonly #entries = new Map<string, Entry<Answer>>()
  readonly #maxEntries: number
  readonly #maxBytes: number
  #bytes = 0

  constructor (maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries
    this.#maxBytes = maxBytes
  }

  get size (): number { return this.#entries.size }

  recall (values: HeaderValues, now: number, generation: number): Answer | undefined {
    const entry = this.#entries.get(keyOf(values))
    if (entry === undefined || now >= entry.until || generation !== entry.generation || !hasSame(values, entry.values)) return undefined
    entry.used = true
    return entry.answer
  }

  remember (values: HeaderValues, remembered: Remembered<Answer>): void {
    const key = keyOf(values)
    const weight = remembered.weight + Object.values(values).reduce((sum, text) => sum + text.length, 0)
    this.#forget(key)
    if (weight > this.#maxBytes) return
    while (this.#entries.size >= this.#maxEntries || this.#bytes + weight > this.#maxBytes) {
      if (!this.#evict()) return
    }
    this.#entries.set(key, { ...remembered, weight, values: { ...values }, used: false })
    this.#bytes += weight
  }

  /** False where there is nothing left to forget. */
  #evict (): boolean {
    for (const [key, entry] of this.#entries) {
      if (!entry.used) {
        this.#forget(key)
        return true
      }
      entry.used = false
      this.#entries.delete(key)
      this.#entries.set(key, entry)
    }
    return false
  }

  #forget (key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#bytes -= entry.weight
    this.#entries.delete(key)
  }
}

function keyOf ({ certificate = '' }: HeaderValues): string {
  return certificate.length <= MAX_KEY_LENGTH ? certificate : hash('sha256', certificate, 'base64')
}

function hasSame (values: HeaderValues, others: HeaderValues): boolean {
  let count = 0
  for (const role in values) {
    if (values[role as HeaderRole] !== others[role as HeaderRole]) return false
    count++
  }
  for (const role in others) if (others[role as HeaderRole] !== undefined) count--
  return count === 0
}
