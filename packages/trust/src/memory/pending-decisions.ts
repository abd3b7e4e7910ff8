import { sameLists, tailOf } from './certificate-store.ts'

interface Pending<Decision> {
  readonly leaf: Uint8Array
  readonly sent: readonly Uint8Array[]
  readonly resumed: boolean
  readonly decision: Promise<Decision>
  /** Milliseconds since the epoch. */
  readonly since: number
}

/**
 * How long after its start other connections may join a pending decision, in milliseconds. If a checker never answers,
 * later connections must not wait for it.
 */
const JOINED_FOR = 5_000

/** The pending decisions. Several simultaneous connections of one client share one decision. */
export class PendingDecisions<Decision> {
  readonly #running = new Map<string, Pending<Decision>[]>()

  /** The number of leaves with a pending decision. */
  get size (): number { return this.#running.size }

  find (leaf: Uint8Array, sent: readonly Uint8Array[], resumed: boolean, now: number): Promise<Decision> | undefined {
    if (this.#running.size === 0) return undefined
    const alike = this.#running.get(tailOf(leaf))
    const found = alike?.find((pending) => {
      return isYoung(pending, now) && pending.resumed === resumed &&
        sameLists([pending.leaf, ...pending.sent], [leaf, ...sent])
    })
    return found?.decision
  }

  /** Stops others from joining the pending decisions. */
  clear (): void {
    this.#running.clear()
  }

  /**
   * Adds a decision, until it is made.
   *
   * @param leaf its bytes, like those of `sent`, must not change until the decision is made
   * @returns the decision
   */
  add (
    leaf: Uint8Array, sent: readonly Uint8Array[], resumed: boolean, decision: Promise<Decision>, now: number
  ): Promise<Decision> {
    this.#giveUp(now)
    const tail = tailOf(leaf)
    const forget = (): void => {
      const left = (this.#running.get(tail) ?? []).filter((other) => other !== pending)
      if (left.length === 0) this.#running.delete(tail)
      else this.#running.set(tail, left)
    }
    const pending: Pending<Decision> = { leaf, sent, resumed, decision: decision.finally(forget), since: now }
    const alike = this.#running.get(tail) ?? []
    // Deleted first, so that it moves to the end: `#giveUp` relies on the order by age.
    this.#running.delete(tail)
    this.#running.set(tail, [...alike.filter((other) => isYoung(other, now)), pending])
    return pending.decision
  }

  /** Drops decisions that are too old to be joined. Otherwise checkers that never answer would fill the memory. */
  #giveUp (now: number): void {
    for (const [tail, alike] of this.#running) {
      if (alike.some((pending) => isYoung(pending, now))) return
      this.#running.delete(tail)
    }
  }
}

function isYoung ({ since }: Pick<Pending<unknown>, 'since'>, now: number): boolean {
  return now - since < JOINED_FOR
}
