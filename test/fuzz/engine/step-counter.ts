// Counts the steps of the code under test with the block counters of V8's precise coverage. The count of an input is the
// same on every machine, however busy it is, so a bound on it can be asserted.
import { Session } from 'node:inspector'

/** The part of `Profiler.takePreciseCoverage` that is used. */
interface Coverage {
  readonly result: ReadonlyArray<{
    readonly url: string
    readonly functions: ReadonlyArray<{ readonly ranges: ReadonlyArray<{ readonly count: number }> }>
  }>
}

/** The sources of the packages, and of no dependency or harness. */
const COUNTED = /\/packages\/[a-z-]+\/src\//

/** Counts how many blocks of code the packages execute. Blocks of native code (`RegExp`, `Buffer`) are not seen. */
export class StepCounter {
  readonly #session = new Session()

  /** Code that was loaded before this is not counted. */
  start (): void {
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** The steps since the last call. */
  take (): number {
    let steps = 0
    this.#session.post('Profiler.takePreciseCoverage', (error: Error | null, coverage: Coverage) => {
      if (error !== null) throw error
      for (const { url, functions } of coverage.result) {
        if (!COUNTED.test(url)) continue
        for (const { ranges } of functions) for (const { count } of ranges) steps += count
      }
    })
    return steps
  }

  stop (): void { this.#session.disconnect() }
}
