// The tests of ../rules-file.test.ts with every file read in a worker: nobody can tell where a file was read.
import { readInWorkers } from '../support/in-worker.ts'

readInWorkers(40)
await import('../rules-file.test.ts')
