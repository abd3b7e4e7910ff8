import { traceOf } from '../certificate/certificate.ts'
import type { Certificate, CertificateTrace } from '../certificate/certificate.ts'
import { sameBytes, tailOf } from './certificate-store.ts'

/** A cached decision about a leaf and the certificates sent with it. */
export interface Remembered<Decision> {
  /** The bytes instead of the parsed certificate, which would take as much memory as the identity in the decision. */
  readonly leaf: CertificateTrace
  /** The certificates sent with the leaf, in that order. Each is part of a validated path or is configured. */
  readonly sent: readonly Certificate[]
  readonly decision: Decision
  /** Whether it was used since the last time eviction skipped it. */
  used: boolean
}

const NOTHING: readonly never[] = Object.freeze([])

/** The limit for the octets of all cached leaves. An entry takes about six times the memory of its leaf. */
const MAX_OCTETS = 16 * 1024 * 1024

/** How many different chains are cached for one leaf. */
const MAX_CHAINS = 4

/**
 * A bounded cache of decisions, by the bytes of the leaf and of the certificates sent with it. When it is full, it
 * evicts the oldest entry that was not used recently (second-chance algorithm), so that a look-up only sets a flag.
 */
export class DecisionMemory<Decision> {
  readonly #entries = new Map<string, Remembered<Decision>[]>()
  readonly #capacity: number
  #size = 0
  #octets = 0

  constructor (capacity: number) {
    this.#capacity = capacity
  }

  get size (): number { return this.#size }

  /** Finds the decision about a leaf that was sent with exactly these certificates. */
  find (leaf: Uint8Array, sent: readonly Uint8Array[]): Remembered<Decision> | undefined {
    const alike = this.#entries.get(tailOf(leaf))
    if (alike === undefined) return undefined
    for (const entry of alike) {
      if (sameBytes(entry.leaf.der, leaf) && sameList(entry.sent, sent)) {
        entry.used = true
        return entry
      }
    }
    return undefined
  }

  /** Finds all decisions about a leaf, with any other certificates. The newest comes first. */
  findAny (leaf: Uint8Array): readonly Remembered<Decision>[] {
    const alike = this.#entries.get(tailOf(leaf))
    if (alike === undefined) return NOTHING
    const found = alike.filter((entry) => sameBytes(entry.leaf.der, leaf))
    for (const entry of found) entry.used = true
    return found
  }

  add (leaf: Certificate, sent: readonly Certificate[], decision: Decision): void {
    if (this.#capacity === 0) return
    const tail = tailOf(leaf.der)
    const alike = this.#entries.get(tail) ?? []
    const sentDer = sent.map(({ der }) => der)
    const known = alike.findIndex((entry) => sameBytes(entry.leaf.der, leaf.der) && sameList(entry.sent, sentDer))
    const former = known >= 0 ? alike.splice(known, 1)[0] : alike.length >= MAX_CHAINS ? alike.pop() : undefined
    if (former !== undefined) this.#count(former, -1)
    const entry = { leaf: traceOf(leaf), sent, decision, used: false }
    alike.unshift(entry)
    this.#count(entry, 1)
    this.#entries.set(tail, alike)
    while (this.#size > this.#capacity || (this.#octets > MAX_OCTETS && this.#size > 1)) this.#evict()
  }

  #count ({ leaf }: Remembered<Decision>, sign: 1 | -1): void {
    this.#size += sign
    this.#octets += sign * leaf.der.length
  }

  #evict (): void {
    for (const [tail, alike] of this.#entries) {
      this.#entries.delete(tail)
      if (!alike.some(({ used }) => used)) {
        for (const entry of alike) this.#count(entry, -1)
        return
      }
      for (const entry of alike) entry.used = false
      this.#entries.set(tail, alike)
    }
  }
}

function sameList (known: readonly Certificate[], sent: readonly Uint8Array[]): boolean {
  return known.length === sent.length && known.every(({ der }, index) => sameBytes(der, sent[index]!))
}
