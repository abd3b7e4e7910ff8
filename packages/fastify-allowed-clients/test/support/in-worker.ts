import t from 'tap'
import { compileInWorker } from '../../src/rules-file/worker/compile-in-worker.ts'
import { reading } from './app.ts'

/**
 * From now on every rules file of this process is read in a worker, whatever its size.
 *
 * @param least how many files the tests read so at least
 */
export function readInWorkers (least: number): void {
  let count = 0
  reading.places = {
    mostHere: -1,
    inWorker: async (job, signal) => {
      count++
      return await compileInWorker(job, signal)
    }
  }
  t.teardown(() => { if (count < least) throw new Error(`only ${count} files were read in a worker`) })
}
