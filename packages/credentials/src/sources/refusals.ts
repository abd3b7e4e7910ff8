import type { Part } from '../material/part.ts'

/** Why a part was refused, and since when. */
export interface Refusal {
  readonly error: Error
  /** Of the first refusal since the part was accepted, in milliseconds since the epoch. */
  readonly since: number
}

/** The parts that were refused and are not accepted again yet. */
export class Refusals {
  readonly #parts = new Map<Part, Refusal>()

  note (part: Part, error: Error, now: number): void {
    this.#parts.set(part, { error, since: this.#parts.get(part)?.since ?? now })
  }

  get parts (): readonly Part[] { return [...this.#parts.keys()] }

  of (part: Part): Refusal | undefined { return this.#parts.get(part) }

  delete (part: Part): void { this.#parts.delete(part) }

  /** The refusal that began first, of the parts that `counts` says; undefined if there is none. */
  first (counts: (part: Part) => boolean): (Refusal & { readonly part: Part }) | undefined {
    let first: (Refusal & { readonly part: Part }) | undefined
    for (const [part, refusal] of this.#parts) {
      if (counts(part) && (first === undefined || refusal.since < first.since)) first = { part, ...refusal }
    }
    return first
  }
}
