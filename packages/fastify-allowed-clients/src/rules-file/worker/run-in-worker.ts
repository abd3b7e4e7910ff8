import { Worker } from 'node:worker_threads'
import { messageOf, withTimeout } from '@peerkit/identity/internal'
import type { Schedule } from '@peerkit/identity/internal'
import { reviveError } from './error-data.ts'
import { HEADROOM, limitHeap } from './limit-heap.ts'
import { WorkerFailedError } from './worker-failed-error.ts'

/** How long a worker may take, in milliseconds. A free core parses 64 MiB of YAML in two minutes. */
const PATIENCE = 600_000

export interface WorkerSettings<Answer> {
  /** The module that the worker runs. It calls `serveJob`. */
  readonly entry: URL
  /** What the worker is to do, as plain data. */
  readonly job: unknown
  /** Checks the answer. Throws if it has another shape. */
  readonly readAnswer: (answer: unknown) => Answer
  /** The most memory of its objects, in MiB. */
  readonly heap: number
  /** Ends the worker. */
  readonly signal: AbortSignal
  /** Schedules the end of a worker that takes too long. Default: a timer that does not keep the process alive. */
  readonly schedule?: Schedule | undefined
}

/** What a worker gets when it starts. */
export interface WorkerStart {
  readonly job: unknown
  /**
   * Memory of both threads: the worker sets the first number to 1 when it has loaded its modules. A message might say
   * it too late: the error of a worker that fails at once may arrive before any message that it sent.
   */
  readonly started: Int32Array
}

/** What a worker sends: one answer or the error that the job ended with. */
export type WorkerMessage =
  | { readonly type: 'answer', readonly answer: unknown }
  | { readonly type: 'error', readonly error: unknown }

/**
 * Starts a worker for one job, and ends it as soon as it has answered, or nobody waits for the answer any more. The
 * worker gets no environment variables, and loads none of the modules that `--import` or `--require` preload: an agent
 * that watches the app would start a second time. What it prints is printed by this process.
 *
 * @throws WorkerFailedError if it gives no answer; what the job threw; the reason of the signal
 */
export async function runInWorker<Answer> (settings: WorkerSettings<Answer>): Promise<Answer> {
  const { signal, schedule } = settings
  return await withTimeout(async (ended) => await answerOf(settings, ended), {
    timeout: PATIENCE,
    onTimeout: () => { throw new WorkerFailedError('timeout', `it gave no answer within ${PATIENCE / 1000} s`) },
    signal,
    schedule
  })
}

async function answerOf<Answer> (settings: WorkerSettings<Answer>, ended: AbortSignal): Promise<Answer> {
  const { heap, readAnswer } = settings
  const started = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const worker = startWorker(settings, started)
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const isStarted = (): boolean => Atomics.load(started, 0) === 1
  worker.on('message', (message: unknown) => {
    try {
      const { type, answer, error } = readMessage(message)
      if (type === 'error') reject(reviveError(error))
      else resolve(readAnswer(answer))
    } catch (cause) {
      reject(new WorkerFailedError('wrong_answer', `it sent something unexpected: ${messageOf(cause)}`, { cause }))
    }
  })
  worker.on('messageerror', (cause) => {
    reject(new WorkerFailedError('wrong_answer', `its answer cannot be read: ${messageOf(cause)}`, { cause }))
  })
  const refuseMemory = (cause?: Error): void => {
    reject(new WorkerFailedError('out_of_memory', `it needs more than ${heap} MiB of memory`, { cause }))
  }
  const stopLooking = limitHeap(worker, heap, refuseMemory)
  // Anything can be thrown, also null.
  worker.on('error', (cause: NodeJS.ErrnoException | null | undefined) => {
    if (cause?.code === 'ERR_WORKER_OUT_OF_MEMORY') refuseMemory(cause)
    else if (isStarted()) reject(new WorkerFailedError('ended', `it failed: ${messageOf(cause)}`, { cause }))
    else reject(new WorkerFailedError('not_started', messageOf(cause), { cause }))
  })
  worker.on('exit', (code) => {
    reject(new WorkerFailedError(isStarted() ? 'ended' : 'not_started', `it ended with the exit code ${code}`))
  })
  // Nobody waits until it has ended: a file system that does not answer may keep its thread.
  const end = (): void => {
    stopLooking()
    worker.terminate().catch(() => {})
  }
  ended.addEventListener('abort', end, { once: true })
  return await promise.finally(end)
}

function startWorker ({ entry, job, heap }: WorkerSettings<unknown>, started: Int32Array): Worker {
  try {
    return new Worker(entry, {
      name: 'peerkit-rules',
      workerData: { job, started } satisfies WorkerStart,
      env: {},
      execArgv: listConditions(process.execArgv),
      resourceLimits: { maxOldGenerationSizeMb: heap + HEADROOM }
    })
  } catch (cause) {
    throw new WorkerFailedError('not_started', messageOf(cause), { cause })
  }
}

/** The flags that say which condition of `exports` in package.json holds. */
export function listConditions (flags: readonly string[]): string[] {
  return flags.flatMap((flag, index) => {
    if (/^(--conditions|-C)=/.test(flag)) return [flag]
    return flag === '--conditions' || flag === '-C' ? [`--conditions=${flags[index + 1] ?? ''}`] : []
  })
}

/** @throws TypeError */
function readMessage (message: unknown): { readonly type: WorkerMessage['type'], answer?: unknown, error?: unknown } {
  const { type } = (message ?? {}) as { readonly type?: unknown }
  if (type === 'answer' || type === 'error') return message as WorkerMessage
  throw new TypeError('expected an answer')
}
