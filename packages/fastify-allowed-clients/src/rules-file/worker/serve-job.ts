import { parentPort, workerData } from 'node:worker_threads'
import { describeError } from './error-data.ts'
import type { WorkerMessage, WorkerStart } from './run-in-worker.ts'

/**
 * Does the job that `runInWorker` started this thread for, and sends what comes of it.
 *
 * @param work does the job. The answer has to be plain data
 */
export async function serveJob<Job> (work: (job: Job) => Promise<unknown>): Promise<void> {
  const send = (message: WorkerMessage): void => { parentPort?.postMessage(message) }
  const { job, started } = workerData as WorkerStart
  Atomics.store(started, 0, 1)
  try {
    send({ type: 'answer', answer: await work(job as Job) })
  } catch (error) {
    // Also if the answer cannot be sent.
    send({ type: 'error', error: describeError(error) })
  }
}
