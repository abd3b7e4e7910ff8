import type { Emitted } from './emitter.ts'

/** The fields of every message. `v` changes when a field changes its meaning or is removed, not when one is added. */
export interface EventMessage extends Emitted {
  readonly v: 1
  /** Milliseconds since the epoch. */
  readonly time: number
}
