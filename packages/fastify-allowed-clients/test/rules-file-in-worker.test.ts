// The tests of rules files once more, with every file read in a worker: nobody can tell where a file was read.
import t from 'tap'
import { compileInWorker } from '../src/rules-file/worker/compile-in-worker.ts'
import { reading } from './support/app.ts'

let read = 0
reading.places = {
  mostHere: -1,
  inWorker: async (job, signal) => {
    read++
    return await compileInWorker(job, signal)
  }
}
await import('./rules-file.test.ts')
await import('./on-reload.test.ts')
await import('./authorities.test.ts')
t.teardown(() => { if (read < 100) throw new Error(`only ${read} files were read in a worker`) })
