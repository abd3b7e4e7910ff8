import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Sequences between two collections. */
const OFTEN = 10

let gc: (() => void) | undefined
let ended = 0

/**
 * Called after each sequence, in every thread. V8 knows little of the memory of OpenSSL: without this, thousands of
 * contexts and connections of former sequences wait to be collected, and the process has a gigabyte after some minutes.
 */
export function collectGarbage (): void {
  ended += 1
  if (ended % OFTEN !== 0) return
  if (gc === undefined) {
    setFlagsFromString('--expose-gc')
    gc = runInNewContext('gc') as () => void
  }
  gc()
}
