import type { PeerIdentity } from '@peerkit/identity'
import type { TemporaryRule } from '@peerkit/rules'

/**
 * Remembers a value for each identity, between two moments at which a rule begins or ends. A clock that jumps over a
 * moment, in either direction, ends what is remembered.
 */
export class VerdictMemory<Value extends object> {
  readonly #moments: readonly number[]
  readonly #now: () => number
  #values = new WeakMap<PeerIdentity, Value>()
  #from = Infinity
  #until = -Infinity

  constructor (temporary: readonly TemporaryRule[], now: () => number) {
    this.#moments = [...new Set(temporary.flatMap(({ from, until }) => [from, until]))]
      .filter(Number.isFinite).sort((a, b) => a - b)
    this.#now = now
  }

  get (peer: PeerIdentity): Value | undefined { return this.#inForce().get(peer) }

  has (peer: PeerIdentity): boolean { return this.#inForce().has(peer) }

  set (peer: PeerIdentity, value: Value): void { this.#inForce().set(peer, value) }

  /** Milliseconds until a rule begins or ends; Infinity if none does. */
  get left (): number {
    const now = this.#now()
    return (this.#moments.find((moment) => moment > now) ?? Infinity) - now
  }

  #inForce (): WeakMap<PeerIdentity, Value> {
    if (this.#moments.length === 0) return this.#values
    const now = this.#now()
    if (now >= this.#from && now < this.#until) return this.#values
    this.#from = this.#moments.findLast((moment) => moment <= now) ?? -Infinity
    this.#until = this.#moments.find((moment) => moment > now) ?? Infinity
    this.#values = new WeakMap()
    return this.#values
  }
}
