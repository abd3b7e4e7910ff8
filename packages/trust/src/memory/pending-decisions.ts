import { tailOf } from './tail.ts'

interface Pending<Decision> {
  readonly leaf: Uint8Array
  readonly sent: readonly Uint8Array[]
  readonly resumed: boolean
  readonly decision: Promise<Decision>
  /** Milliseconds since the epoch. */
  readonly since: number
}

/** How long others join a decision, in milliseconds. A checker that never answers must not keep those waiting who come later. */
const JOINED_FOR = 5_000

/** Decisions under way: several connections of one client that come at once wait for one answer. */
export class PendingDecisions<Decision> {
  readonly #running = new Map<string, Pending<Decision>[]>()

  /** Leaves about which a decision is under way. */
  get size (): number { return this.#running.size }

  find (leaf: Uint8Array, sent: readonly Uint8Array[], resumed: boolean, now: number): Promise<Decision> | undefined {
    if (this.#running.size === 0) return undefined
    const alike = this.#running.get(tailOf(leaf))
    return alike?.find((pending) => isYoung(pending, now) && pending.resumed === resumed && sameList([pending.leaf, ...pending.sent], [leaf, ...sent]))?.decision
  }

  /** Nobody joins those that are under way now. */
  clear (): void {
    this.#running.clear()
  }

  /**
   * @param leaf with `sent`, bytes that stay what they are until the decision is there
   * @returns the decision, which is forgotten when it is there
   */
  add (leaf: Uint8Array, sent: readonly Uint8Array[], resumed: boolean, decision: Promise<Decision>, now: number): Promise<Decision> {
    this.#giveUp(now)
    const tail = tailOf(leaf)
    const forget = (): void => {
      const left = (this.#running.get(tail) ?? []).filter((other) => other !== pending)
      if (left.length === 0) this.#running.delete(tail)
      else this.#running.set(tail, left)
    }
    const pending: Pending<Decision> = { leaf, sent, resumed, decision: decision.finally(forget), since: now }
    const alike = this.#running.get(tail) ?? []
    // To the end of the line: the oldest stand first.
    this.#running.delete(tail)
    this.#running.set(tail, [...alike.filter((other) => isYoung(other, now)), pending])
    return pending.decision
  }

  /** Nobody joins those any more that take so long: without this, answers that never come would fill the memory. */
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

function sameList (one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean {
  return one.length === other.length && one.every((der, index) => Buffer.compare(der, other[index]!) === 0)
}
