import fc from 'fast-check'
import type { AsyncCommand } from 'fast-check'
import type { Progress } from './batch.ts'
import { drawCommands } from './draw.ts'
import { collectGarbage } from './garbage.ts'
import { State } from './state.ts'
import { ServerThread } from './threads.ts'
import type { Told } from './worker.ts'

/** Commands of a sequence. Those that cannot be carried out are left out. */
const LONGEST = 60

export interface SearchOptions {
  readonly seed: number
  readonly runs: number
  /** Where a finding is: with it only that one is repeated. */
  readonly path?: string | undefined
  readonly replayPath?: string | undefined
  /** Messages that the servers never get: a fault that is to be found. */
  readonly lost?: Told['do'] | undefined
  /** Milliseconds after which no further sequence is begun. */
  readonly time?: number | undefined
}

export interface SearchResult {
  /** The shortest script that was found, and how to repeat it; undefined where servers did what the model says. */
  readonly finding: string | undefined
  readonly runs: number
  /** How many commands had run when it was found, or at the end. */
  readonly steps: number
  /** How often each thing happened. */
  readonly seen: ReadonlyMap<string, number>
}

/**
 * Plays sequences of commands to two servers until one of them does other than the model says.
 *
 * @param onStep is told what comes next
 */
export async function search (
  { seed, runs, path, replayPath, time, lost }: SearchOptions, onStep: (progress: Progress) => void = () => {}
): Promise<SearchResult> {
  const threads = [new ServerThread(lost), new ServerThread(lost)]
  const seen = new Map<string, number>()
  let steps = 0
  let isFound = false
  let sequence = 0
  function * tellEach (commands: Iterable<AsyncCommand<State, State>>): Iterable<AsyncCommand<State, State>> {
    for (const command of commands) {
      onStep({ sequence, step: String(command) })
      yield command
    }
  }
  const play = async (commands: Iterable<AsyncCommand<State, State>>): Promise<void> => {
    sequence += 1
    onStep({ sequence, step: 'the start' })
    const state = new State(threads)
    await state.begin()
    try {
      await fc.asyncModelRun(() => ({ model: state, real: state }), tellEach(commands))
    } catch (error) {
      if (!isFound) steps += state.steps
      isFound = true
      throw error
    } finally {
      if (!isFound) steps += state.steps
      onStep({ sequence, step: 'the end' })
      await state.close()
      collectGarbage()
      for (const [what, count] of state.seen) seen.set(what, (seen.get(what) ?? 0) + count)
    }
  }
  try {
    const details = await fc.check(fc.asyncProperty(drawCommands(LONGEST, replayPath), play), {
      seed,
      numRuns: runs,
      ...(path !== undefined && { path }),
      ...(time !== undefined && { interruptAfterTimeLimit: time, markInterruptAsFailure: false })
    })
    return { finding: details.failed ? describe(details) : undefined, runs: details.numRuns, steps, seen }
  } finally {
    await Promise.all(threads.map(async (thread) => { await thread.stop() }))
  }
}

function describe (details: fc.RunDetails<[Iterable<AsyncCommand<State, State>>]>): string {
  const { seed, counterexample, counterexamplePath, errorInstance, numRuns, numShrinks } = details
  const text = String(counterexample?.[0])
  const [, script = text, replayPath = ''] = /^([^]*?)\s*\/\*replayPath="([^"]*)"\*\/$/.exec(text) ?? []
  const steps = script.split(/,(?=\S)/).map((step, index) => `  ${index + 1}. ${step}`)
  return [
    `${errorInstance instanceof Error ? errorInstance.stack ?? errorInstance.message : String(errorInstance)}`,
    `sequence ${numRuns}, made shorter ${numShrinks} times; the last step fails:`,
    ...steps,
    `repeat it: npm run fuzz -- --only stateful --seed ${seed} --path ${counterexamplePath} --replay-path ${replayPath}`
  ].join('\n')
}
