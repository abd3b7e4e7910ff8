import { BoundedGroups } from '@peerkit/identity/internal'
import type { CacheEntry } from '@peerkit/identity/internal'
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
}

type Entry<Decision> = CacheEntry<string, Remembered<Decision>>

/** How many different chains are cached for one leaf. */
const MAX_CHAINS = 4

/**
 * A cache of decisions, by the bytes of the leaf and of the certificates sent with it. It is bounded in entries and in
 * bytes; see {@link BoundedGroups}.
 */
export class DecisionMemory<Decision> {
  readonly #entries: BoundedGroups<string, Remembered<Decision>>

  constructor (maxEntries: number, maxBytes: number) {
    this.#entries = new BoundedGroups(maxEntries, maxBytes)
  }

  get size (): number { return this.#entries.size }

  /** Finds the decision about a leaf that was sent with exactly these certificates. */
  find (leaf: Uint8Array, sent: readonly Uint8Array[]): Remembered<Decision> | undefined {
    const found = this.#find(tailOf(leaf), leaf, sent)
    if (found !== undefined) found.used = true
    return found?.value
  }

  /** Finds all decisions about a leaf, with any other certificates. The newest comes first. */
  findAny (leaf: Uint8Array): readonly Remembered<Decision>[] {
    const found: Remembered<Decision>[] = []
    for (const entry of this.#entries.of(tailOf(leaf))) {
      if (!sameBytes(entry.value.leaf.der, leaf)) continue
      entry.used = true
      found.push(entry.value)
    }
    return found
  }

  /** @param weight how much memory the entry keeps in use, in bytes, approximately */
  add (leaf: Certificate, sent: readonly Certificate[], decision: Decision, weight: number): void {
    const tail = tailOf(leaf.der)
    const known = this.#find(tail, leaf.der, sent.map(({ der }) => der))
    const alike = this.#entries.of(tail)
    const former = known ?? (alike.length >= MAX_CHAINS ? alike.at(-1) : undefined)
    if (former !== undefined) this.#entries.remove(former)
    this.#entries.add(tail, { leaf: traceOf(leaf), sent, decision }, weight)
  }

  #find (tail: string, leaf: Uint8Array, sent: readonly Uint8Array[]): Entry<Decision> | undefined {
    for (const entry of this.#entries.of(tail)) {
      if (sameBytes(entry.value.leaf.der, leaf) && sameList(entry.value.sent, sent)) return entry
    }
    return undefined
  }
}

function sameList (known: readonly Certificate[], sent: readonly Uint8Array[]): boolean {
  return known.length === sent.length && known.every(({ der }, index) => sameBytes(der, sent[index]!))
}
