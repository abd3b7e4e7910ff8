import type { RuleAuthority } from '@peerkit/rules'
import { describeRuleAuthorities } from '@peerkit/credentials/internal'
import type { FastifyBaseLogger } from 'fastify'
import { RulesFileInvalidError } from '../errors.ts'
import type { ReadInWorker, ReadingPlaces } from './reading-places.ts'
import { readRules } from './rules-job.ts'
import type { LocalRulesJob, RulesAnswer, RulesJob } from './rules-job.ts'
import { compileInWorker } from './worker/compile-in-worker.ts'
import { WorkerFailedError } from './worker/worker-failed-error.ts'

/**
 * Larger files are read in a worker, in bytes. A thousand rules have 32 KiB: they stop the event loop for 20 ms, and
 * half of that to start a worker.
 */
export const MOST_HERE: number = 32 * 1024

/** Reads a rules file: a small one on this thread, any other in a worker, so that the app answers meanwhile. */
export class RulesReader {
  readonly #log: FastifyBaseLogger
  readonly #mostHere: number
  readonly #inWorker: ReadInWorker
  #isWarned = false

  constructor (log: FastifyBaseLogger, { mostHere = MOST_HERE, inWorker = compileInWorker }: ReadingPlaces = {}) {
    this.#log = log
    this.#mostHere = mostHere
    this.#inWorker = inWorker
  }

  /**
   * Reads a file.
   *
   * @param authorities what the rules are checked against
   * @throws RulesFileInvalidError; the reason of the signal
   */
  async read (
    job: Omit<RulesJob, 'authorities'>, authorities: readonly RuleAuthority[] | undefined, signal: AbortSignal
  ): Promise<RulesAnswer> {
    const described = authorities && describeRuleAuthorities(authorities)
    const local = { ...job, authorities }
    // Who can only be asked here.
    if (authorities !== undefined && described === undefined) return await readRules(local, { signal })
    try {
      return await readRules(local, { signal, maxBytes: this.#mostHere })
    } catch (error) {
      if (!(error instanceof RulesFileInvalidError) || error.reason !== 'too_large') throw error
    }
    return await this.#readElsewhere({ ...job, authorities: described }, local, signal)
  }

  async #readElsewhere (job: RulesJob, local: LocalRulesJob, signal: AbortSignal): Promise<RulesAnswer> {
    try {
      return await this.#inWorker(job, signal)
    } catch (error) {
      if (!(error instanceof WorkerFailedError)) throw error
      if (error.reason !== 'not_started') throw refuse(job.file, error)
      this.#warn(job.file, error)
      return await readRules(local, { signal })
    }
  }

  /** Once: it would be the same at each reading. */
  #warn (file: string, { message }: WorkerFailedError): void {
    if (this.#isWarned) return
    this.#isWarned = true
    this.#log.warn(
      { file, detail: message },
      'no worker can be started to read the rules file. It is read on the main thread, where no request is answered ' +
        'meanwhile: about 1 s for 100,000 rules. With --permission, expected --allow-worker'
    )
  }
}

/** What a failed worker means for the file. */
function refuse (file: string, cause: WorkerFailedError): RulesFileInvalidError {
  const { reason, message } = cause
  // The same file will need too much again. Anything else may pass.
  const isTooMuch = reason === 'out_of_memory' || reason === 'timeout'
  return new RulesFileInvalidError(
    file, isTooMuch ? 'too_large' : 'unreadable', `the worker that read it gave no answer: ${message}`, { cause }
  )
}
