import { setImmediate } from 'node:timers/promises'

/** Far more than anything within one process takes, sockets on loopback included, and less than a second. */
const TURNS = 10_000

/**
 * Waits until something is so, at most for a number of turns of the event loop. A test then fails by an assertion where
 * it would wait for an event that does not come, on a busy machine too: turns are no time.
 *
 * @returns whether it is so
 */
export async function isSoon (isSo: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < TURNS && !isSo(); turn++) await setImmediate()
  return isSo()
}
