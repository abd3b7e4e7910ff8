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
  /**
   * Returns the object that published the message. A function, so that nothing that prints a message prints the object,
   * which may hold a private key. Read it with `emitterOf`.
   */
  readonly [EMITTER]?: () => object
}
