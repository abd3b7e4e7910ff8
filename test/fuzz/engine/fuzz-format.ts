import { Random } from '@peerkit/test-support/random'
import { readCorpus } from './corpus.ts'
import { examine } from './examine.ts'
import type { Format } from './format.ts'
import type { FuzzReport, FuzzTask } from './fuzzer.ts'
import { shrink } from './shrink.ts'
import type { StepCounter } from './step-counter.ts'

/** Inputs between two looks at the step counter, which takes a millisecond. */
const BATCH = 128

/** Tries the seeds and the corpus of a format as they are, and then mutants of them. */
export async function fuzzFormat (format: Format, task: FuzzTask, counter?: StepCounter): Promise<FuzzReport> {
  const random = new Random(task.seed)
  const sources = [...format.seeds, ...readCorpus(format.name)]
  const answers: Record<string, number> = {}
  const kinds = new Set<string>()
  let inputs = 0
  let steps = 0
  counter?.take()
  while (!task.isOver(inputs)) {
    const batch: Buffer[] = []
    while (batch.length < BATCH && !task.isOver(inputs + batch.length)) {
      const number = inputs + batch.length
      batch.push(sources[number] ?? format.mutate(random.pick(sources), sources, random))
    }
    for (const input of batch) {
      task.onInput(input)
      const { label, problem } = await examine(format, input)
      answers[label] = (answers[label] ?? 0) + 1
      if (problem === undefined) continue
      // One input is enough for each kind of problem.
      if (kinds.has(kindOf(problem))) continue
      kinds.add(kindOf(problem))
      const isSame = async (other: Buffer): Promise<boolean> => {
        task.onInput(other)
        const again = await examine(format, other)
        return again.problem !== undefined && kindOf(again.problem) === kindOf(problem)
      }
      task.onFinding({ problem: `${format.name}: ${problem}`, input: await shrink(input, isSame) })
    }
    inputs += batch.length
    if (counter === undefined) continue
    const taken = counter.take()
    steps += taken
    if (format.maxSteps !== undefined && taken > sum(batch, format.maxSteps)) await blame(format, batch, task, counter)
  }
  return { inputs, answers, ...(counter !== undefined && { steps }) }
}

/** `examine` reads each input twice, and checks it once or more. */
const READINGS = 4

function sum (batch: readonly Buffer[], maxSteps: (octets: number) => number): number {
  // A batch that is over the limit has an input that is. The other direction does not hold, so a tenth of the sum counts.
  return Math.max(...batch.map(({ length }) => READINGS * maxSteps(length)),
    batch.reduce((total, { length }) => total + READINGS * maxSteps(length), 0) / 10)
}

/** Finds the inputs of a batch that took too many steps. */
async function blame (format: Format, batch: readonly Buffer[], task: FuzzTask, counter: StepCounter): Promise<void> {
  for (const input of batch) {
    counter.take()
    await examine(format, input)
    const [taken, most] = [counter.take(), READINGS * (format.maxSteps?.(input.length) ?? Infinity)]
    if (taken <= most) continue
    task.onFinding({
      problem: `${format.name}: ${taken} steps for ${input.length} octets; expected at most ${most}`, input
    })
  }
}

/** A problem without its numbers, so that shrinking an input does not turn it into another one. */
function kindOf (problem: string): string { return problem.replace(/\d+/g, '#').slice(0, 200) }
