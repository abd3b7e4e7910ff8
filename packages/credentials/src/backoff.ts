/** How long to wait before trying again. */
export interface BackoffOptions {
  /** Milliseconds before the first retry. */
  readonly first: number
  /** The longest wait, in milliseconds. */
  readonly longest: number
  /** A number from 0 up to 1, as `Math.random` gives. */
  readonly random: () => number
}

/**
 * Returns the wait before the next retry. It doubles with each failure. Up to half of it is jitter, so that instances
 * that failed together do not retry together.
 */
export function backOff (failures: number, { first, longest, random }: BackoffOptions): number {
  const most = Math.min(longest, first * 2 ** Math.min(failures - 1, 30))
  return most - random() * most / 2
}
