import { totalmem } from 'node:os'
import type { RulesAnswer, RulesJob } from '../rules-job.ts'
import { runInWorker } from './run-in-worker.ts'

/** Beside this file in the sources, and in the build, where all code is in one folder. */
const ENTRY = new URL(`./peerkit-rules.worker${/\.\w+$/.exec(import.meta.url)?.[0] ?? ''}`, import.meta.url)

/** The most memory of the worker, in MiB. 256 MiB of rules need 3 GiB. */
const MOST = 8192
/** The least: it does not take what it does not need. */
const LEAST = 256
/** The share of the memory that this process could still take. */
const SHARE = 3 / 4

/**
 * Reads a rules file in a worker.
 *
 * @throws RulesFileInvalidError, WorkerFailedError; the reason of the signal
 */
export async function compileInWorker (job: RulesJob, signal: AbortSignal, entry: URL = ENTRY): Promise<RulesAnswer> {
  return await runInWorker({ entry, job, readAnswer, heap: limitHeap(), signal })
}

/** The memory of the machine, or of the container, that this process does not use. */
function limitHeap (): number {
  const total = Math.min(process.constrainedMemory() || Infinity, totalmem())
  const share = (total - process.memoryUsage.rss()) * SHARE / 1024 ** 2
  return Math.floor(Math.max(LEAST, Math.min(MOST, share)))
}

/** @throws TypeError */
function readAnswer (answer: unknown): RulesAnswer {
  if (answer === undefined) return undefined
  const { file } = (answer ?? {}) as Partial<NonNullable<RulesAnswer>>
  const { hash, words, packed } = (file ?? {}) as Partial<NonNullable<RulesAnswer>['file']>
  const isFile = typeof hash === 'string' && words instanceof Map && typeof packed === 'object'
  if (!isFile) throw new TypeError('expected the rules of a file')
  return answer as RulesAnswer
}
