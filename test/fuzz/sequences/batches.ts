import { fork } from 'node:child_process'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { FuzzerName, Progress, SearchOptions, SearchResult } from './search.ts'

/**
 * Sequences of one process. Node loses memory at handshakes, and glibc keeps what OpenSSL frees: a process grows by one
 * to two megabytes with each sequence, and all of it is gone with the process.
 */
const BATCH = 100
/** Milliseconds without one more sequence, after which a process counts as one that hangs. */
const HANGS_AFTER = 10 * 60_000
/** Characters of what a process said last. */
const LAST_WORDS = 4_000
/** Seeds of fast-check are 32 bits. This many batches apart, no two runs with neighbouring seeds play the same. */
const SEED_STEP = 1_000_003

/** What a process is told. */
export interface BatchOrder { readonly name: FuzzerName, readonly options: SearchOptions }

export interface BatchesResult extends SearchResult {
  /** The most memory that a process had, in octets. */
  readonly memory: number
}

/** Searches, with a new process and a seed of its own for every hundred sequences. The first has the given seed. */
export async function searchInBatches (name: FuzzerName, options: SearchOptions): Promise<BatchesResult> {
  const { seed, runs, time } = options
  const end = performance.now() + (time ?? Infinity)
  const seen = new Map<string, number>()
  const total = { runs: 0, steps: 0, memory: 0 }
  while (total.runs < runs && performance.now() < end) {
    const batch = await searchInProcess(name, {
      ...options,
      seed: (seed + SEED_STEP * Math.floor(total.runs / BATCH)) % 2 ** 31,
      runs: Math.min(BATCH, runs - total.runs),
      time: time === undefined ? undefined : Math.max(1, Math.round(end - performance.now()))
    })
    total.runs += batch.runs
    total.steps += batch.steps
    total.memory = Math.max(total.memory, batch.memory)
    for (const [what, count] of batch.seen) seen.set(what, (seen.get(what) ?? 0) + count)
    if (batch.finding !== undefined) return { ...total, seen, finding: batch.finding }
  }
  return { ...total, seen, finding: undefined }
}

/** Searches in a process of its own. That it dies, or hangs, is a finding with what it said last. */
export async function searchInProcess (name: FuzzerName, options: SearchOptions): Promise<BatchesResult> {
  const child = fork(join(import.meta.dirname, 'batch.ts'), [], {
    execArgv: ['--conditions=@peerkit/source'],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    serialization: 'advanced'
  })
  let words = ''
  let result: BatchesResult | undefined
  let last: Progress = { sequence: 0, step: 'the start' }
  let isHung = false
  const hang = (): NodeJS.Timeout => setTimeout(() => {
    isHung = true
    child.kill('SIGKILL')
  }, HANGS_AFTER)
  let timer = hang()
  child.stderr?.setEncoding('utf8')
  child.stderr?.on('data', (chunk: string) => {
    process.stderr.write(chunk)
    words = (words + chunk).slice(-LAST_WORDS)
  })
  // It ended before it was told anything.
  child.on('error', (error) => { words += String(error) })
  child.on('message', (message: Progress | { readonly result: BatchesResult }) => {
    if ('result' in message) result = message.result
    else {
      last = message
      clearTimeout(timer)
      timer = hang()
    }
  })
  child.send({ name, options } satisfies BatchOrder)
  // Its last words come before `close`, and may come after `exit`.
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.on('close', (...ended) => { resolve(ended) })
  })
  clearTimeout(timer)
  if (result !== undefined && (code === 0 || result.finding !== undefined)) return result
  const how = isHung
    ? `did nothing for ${HANGS_AFTER / 60_000} minutes`
    : signal === null ? `ended with code ${code}` : `was ended by ${signal} (${constants.signals[signal]})`
  const finding = [
    `Error: the process of the sequences ${how}${result === undefined ? '' : ', after its last sequence'}`,
    `sequence ${last.sequence}, in or after the step: ${last.step}`,
    `its last words: ${words.trim() === '' ? 'none' : words.trim()}`,
    `repeat it: npm run fuzz -- --only ${name} --seed ${options.seed}`
  ].join('\n')
  return { finding, runs: last.sequence, steps: result?.steps ?? 0, seen: result?.seen ?? new Map(), memory: 0 }
}
