import { scheduleTimer } from '@peerkit/identity/internal'

/** The clock of a source. Tests and simulations can pass their own. */
export interface Clock {
  /** Returns the time in milliseconds since the epoch. */
  now (): number
  /**
   * Calls `task` once after `delay` milliseconds. Must not keep the process alive. Returns a function that cancels it.
   */
  schedule (task: () => void, delay: number): () => void
}

/** The system clock. */
export const SYSTEM_CLOCK: Clock = Object.freeze({
  now: () => Date.now(),
  schedule: scheduleTimer
})
