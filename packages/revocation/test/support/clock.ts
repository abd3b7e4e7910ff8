/** A clock that stands still until it is set. */
export function makeClock (
  at: number = Math.floor(Date.now() / 1000) * 1000
): { now: () => number, set (time: number): void, advance (ms: number): void } {
  let time = at
  return { now: () => time, set (to) { time = to }, advance (ms) { time += ms } }
}

export const HOUR = 3_600_000
