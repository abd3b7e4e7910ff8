/** How long to wait before trying again. */
export interface BackoffOptions {
  /** Milliseconds before the first repetition. */
  readonly first: number
  /** The longest wait, in milliseconds. */
  readonly longest: number
  /** A number from 0 up to 1, as `Math.random` gives. */
  readonly random: () => number
}

/**
 * Doubles with each failure; up to half of it is jitter, so that many instances that failed together do not come back
 * together.
 */
export function backOff (failures: number, { first, longest, random }: BackoffOptions): number {
  const most = Math.min(longest, first * 2 ** Math.min(failures - 1, 30))
  return most - random() * most / 2
}
