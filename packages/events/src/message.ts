/** What every message has. The version moves when a field changes its meaning or goes; a field that is new does not move it. */
export interface EventMessage {
  readonly v: 1
  /** Milliseconds since the epoch. */
  readonly time: number
}
