// The thread of one fuzzer.
import { parentPort, workerData } from 'node:worker_threads'
import { fuzzers } from '../fuzzers.ts'
import type { FuzzReport } from './fuzzer.ts'

/** What the thread is to do. */
export interface WorkerOrder {
  readonly name: string
  readonly seed: number
  readonly milliseconds: number
  /** Ends earlier, after so many inputs. */
  readonly inputs: number | undefined
  /** A number that grows with each input, the length of the current input, and its octets. */
  readonly shared: SharedArrayBuffer
}

export type WorkerReport = Pick<FuzzReport, 'inputs' | 'answers'>

const { name, seed, milliseconds, inputs: most = Infinity, shared } = workerData as WorkerOrder
const [counter, length, content] = [new Int32Array(shared, 0, 1), new Int32Array(shared, 4, 1), new Uint8Array(shared, 8)]
const fuzz = await fuzzers.find((one) => one.name === name)?.load()
const end = performance.now() + milliseconds
const report = await fuzz?.({
  seed,
  isOver: (inputs) => inputs >= most || performance.now() >= end,
  onInput (input) {
    const kept = input.subarray(0, content.length)
    content.set(kept)
    Atomics.store(length, 0, kept.length)
    Atomics.add(counter, 0, 1)
  },
  onFinding: (finding) => { parentPort?.postMessage(finding) }
})
parentPort?.postMessage({ report })
