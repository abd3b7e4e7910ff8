// The tests of ../on-reload.test.ts with every file read in a worker: nobody can tell where a file was read.
import { readInWorkers } from '../support/in-worker.ts'

readInWorkers(20)
await import('../on-reload.test.ts')
