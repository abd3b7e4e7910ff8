/**
 * Key of the emitter in a message. A symbol, so that JSON, structured clones and logs leave it out. Registered, so that
 * two copies of this package understand each other.
 */
export const EMITTER: unique symbol = Symbol.for('peerkit.emitter')

/** The fields of every message. `v` changes when a field changes its meaning or is removed, not when one is added. */
export interface EventMessage {
  readonly v: 1
  /** Milliseconds since the epoch. */
  readonly time: number
  /** The object that published the message. Read it with `emitterOf`. */
  readonly [EMITTER]?: object
}
