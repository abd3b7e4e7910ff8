import fc from 'fast-check'
import type { AsyncCommand } from 'fast-check'
import { collectGarbage } from './garbage.ts'

/** Commands of a sequence. Those that cannot be carried out are left out. */
export const LONGEST = 60

/** The fuzzers of sequences. Each has a folder of its name, with a file `search.ts`. */
export type FuzzerName = 'stateful' | 'disk' | 'watched'

export interface SearchOptions {
  readonly seed: number
  readonly runs: number
  /** Where a finding is: with it only that one is repeated. */
  readonly path?: string | undefined
  readonly replayPath?: string | undefined
  /** Messages that the servers never get: a fault that is to be found. Only `stateful` sends any. */
  readonly lost?: 'trust' | 'block' | undefined
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

/** What it is about to do. */
export interface Progress { readonly sequence: number, readonly step: string }
export type OnStep = (progress: Progress) => void
/** What each `search.ts` exports. */
export type Search = (options: SearchOptions, onStep?: OnStep) => Promise<SearchResult>

/** The state of one sequence: of the servers, and of the model. */
export interface SequenceState {
  readonly steps: number
  readonly seen: ReadonlyMap<string, number>
  begin (): Promise<void>
  close (): Promise<void>
}

export interface Sequences<State extends SequenceState> {
  readonly name: FuzzerName
  readonly options: SearchOptions
  readonly commands: fc.Arbitrary<Iterable<AsyncCommand<State, State>>>
  readonly makeState: () => State
  /** Is told what comes next. */
  readonly onStep: OnStep | undefined
}

/** Plays sequences of commands until one of them does other than the model says. */
export async function playSequences<State extends SequenceState> (
  { name, options, commands, makeState, onStep = () => {} }: Sequences<State>
): Promise<SearchResult> {
  const { seed, runs, path, time } = options
  const seen = new Map<string, number>()
  let steps = 0
  let isFound = false
  let sequence = 0
  let script: readonly string[] = []
  function * tellEach (
    each: Iterable<AsyncCommand<State, State>>, begun: Array<AsyncCommand<State, State>>
  ): Iterable<AsyncCommand<State, State>> {
    for (const command of each) {
      begun.push(command)
      // fast-check takes all commands at once, and runs them later.
      yield {
        check: (model) => command.check(model),
        async run (model, real) {
          onStep({ sequence, step: String(command) })
          await command.run(model, real)
        },
        toString: () => String(command)
      }
    }
  }
  const playOne = async (each: Iterable<AsyncCommand<State, State>>): Promise<void> => {
    sequence += 1
    onStep({ sequence, step: 'the start' })
    const state = makeState()
    await state.begin()
    const begun: Array<AsyncCommand<State, State> & { readonly hasRan?: boolean }> = []
    try {
      await fc.asyncModelRun(() => ({ model: state, real: state }), tellEach(each, begun))
    } catch (error) {
      // Now, since a command says what it did last, and shrinking runs it again.
      script = begun.filter(({ hasRan }) => hasRan !== false).map(String)
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
  let playing = Promise.resolve()
  const play = async (each: Iterable<AsyncCommand<State, State>>): Promise<void> => {
    playing = playOne(each)
    await playing
  }
  const details = await fc.check(fc.asyncProperty(commands, play), {
    seed,
    numRuns: runs,
    ...(path !== undefined && { path }),
    ...(time !== undefined && { interruptAfterTimeLimit: time, markInterruptAsFailure: false })
  })
  const finding = details.failed ? describe(name, details, script) : await finish(playing)
  return { finding, runs: details.numRuns, steps, seen }

  /**
   * fast-check ends in the middle of a sequence when its time is over. That sequence may fail too, or hang, which is
   * noticed by who waits for this process.
   */
  async function finish (last: Promise<void>): Promise<string | undefined> {
    try {
      await last
      return undefined
    } catch (error) {
      return [
        String((error as Error).stack),
        `sequence ${sequence}, which was not made shorter; the last step fails:`,
        ...script.map((step, index) => `  ${index + 1}. ${step}`),
        `repeat it: npm run fuzz -- --only ${name} --seed ${seed}`
      ].join('\n')
    }
  }
}

function describe<State extends SequenceState> (
  name: FuzzerName, details: fc.RunDetails<[Iterable<AsyncCommand<State, State>>]>, script: readonly string[]
): string {
  const { seed, counterexample, counterexamplePath, errorInstance, numRuns, numShrinks } = details
  const [, replayPath = ''] = /\/\*replayPath="([^"]*)"\*\/$/.exec(String(counterexample?.[0])) ?? []
  return [
    `${errorInstance instanceof Error ? errorInstance.stack ?? errorInstance.message : String(errorInstance)}`,
    `sequence ${numRuns}, made shorter ${numShrinks} times; the last step fails:`,
    ...script.map((step, index) => `  ${index + 1}. ${step}`),
    `repeat it: npm run fuzz -- --only ${name} --seed ${seed} --path ${counterexamplePath} --replay-path ${replayPath}`
  ].join('\n')
}
