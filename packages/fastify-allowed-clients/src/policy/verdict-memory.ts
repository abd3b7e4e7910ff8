import type { PeerIdentity } from '@peerkit/identity'

/** What the answers of a memory depend on besides the identity. */
interface Temporary {
  /** The moments at which a rule begins or ends, ascending. */
  readonly moments: readonly number[]
}

/** Where values come from that are still right. */
export interface Inheritance<Value extends object> {
  readonly memory: VerdictMemory<Value>
  /** Returns the value as it is now; undefined if it may have changed. */
  adopt (peer: PeerIdentity, value: Value): Value | undefined
}

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
  #inheritance: Inheritance<Value> | undefined

  constructor ({ moments }: Temporary, now: () => number) {
    this.#moments = moments
    this.#now = now
  }

  /** Values that another memory has are asked for, until that one has an heir of its own. */
  inherit (inheritance: Inheritance<Value>): void {
    // A chain of memories would grow with each reload.
    inheritance.memory.#inheritance = undefined
    this.#inheritance = inheritance
  }

  get (peer: PeerIdentity): Value | undefined {
    const values = this.#inForce()
    const value = values.get(peer)
    if (value !== undefined || this.#inheritance === undefined) return value
    const { memory, adopt } = this.#inheritance
    const known = memory.get(peer)
    const adopted = known && adopt(peer, known)
    if (adopted !== undefined) values.set(peer, adopted)
    return adopted
  }

  has (peer: PeerIdentity): boolean { return this.get(peer) !== undefined }

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
