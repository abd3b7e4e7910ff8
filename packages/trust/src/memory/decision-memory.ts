import { traceOf } from '../certificate/certificate.ts'
import type { Certificate, CertificateTrace } from '../certificate/certificate.ts'
import { tailOf } from './tail.ts'

/** What was decided about a leaf that came with certain certificates. */
export interface Remembered<Decision> {
  /** Not the certificate as it was read, which takes as much memory again as the identity in the decision. */
  readonly leaf: CertificateTrace
  /** Exactly what was sent beside the leaf, in its order. All of it stands in a path that was validated, or is configured here. */
  readonly sent: readonly Certificate[]
  readonly decision: Decision
  /** Since it was last passed over. */
  used: boolean
}

const NOTHING: readonly never[] = Object.freeze([])

/** Octets of leaves that are remembered in all. An entry takes about six times as much. */
const MAX_OCTETS = 16 * 1024 * 1024

/** Different chains that are remembered for one leaf. */
const MAX_CHAINS = 4

/**
 * Decisions by the bytes of the leaf and of what was sent with it, at most so many. When it is full the oldest goes that was not used since it was last passed
 * over, so that a look-up changes nothing but a flag.
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

  /** Of a leaf that came with exactly these certificates. */
  find (leaf: Uint8Array, sent: readonly Uint8Array[]): Remembered<Decision> | undefined {
    const alike = this.#entries.get(tailOf(leaf))
    if (alike === undefined) return undefined
    for (const entry of alike) {
      if (sameBytes(entry.leaf.der, leaf) && entry.sent.length === sent.length && entry.sent.every(({ der }, index) => sameBytes(der, sent[index]!))) {
        entry.used = true
        return entry
      }
    }
    return undefined
  }

  /** Of a leaf, whatever came with it; what was remembered last comes first. */
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
    const known = alike.findIndex((entry) => sameBytes(entry.leaf.der, leaf.der) && entry.sent.length === sent.length && entry.sent.every(({ der }, index) => sameBytes(der, sent[index]!.der)))
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

function sameBytes (one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && Buffer.compare(one, other) === 0
}
