/**
 * Why a worker gave no answer.
 *
 * - `not_started`: it could not be started, or ended before it had the job
 * - `out_of_memory`: it reached the limit of its memory
 * - `ended`: it ended, or threw, before it answered
 * - `wrong_answer`: it sent something else than an answer
 * - `timeout`: it took too long
 */
export type WorkerFailure = 'not_started' | 'out_of_memory' | 'ended' | 'wrong_answer' | 'timeout'

/** A worker gave no answer. Its message is a sentence about the worker. Users get another error, with this as cause. */
export class WorkerFailedError extends Error {
  readonly reason: WorkerFailure

  constructor (reason: WorkerFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
