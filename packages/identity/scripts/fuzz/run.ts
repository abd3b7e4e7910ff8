import { compareWithNode } from './compare-with-node.ts'
import { mutateDer } from '@peerkit/test-support/mutate-der'
import { Random } from '@peerkit/test-support/random'

/** What a run found. */
export interface FuzzReport {
  readonly mutants: number
  readonly outcomes: Record<string, number>
  /** Why we refuse what Node accepts, and how often. */
  readonly refusals: Record<string, number>
  /** Mutants (hex) that must not be: disagreements, refusals by Node alone, errors without a code. At most 20. */
  readonly findings: { readonly what: string, readonly der: string }[]
}

/** Mutates the seeds `count` times from one random seed and compares both parsers on each. */
export function fuzz (
  seeds: readonly Buffer[], count: number, randomSeed: number, progress: (done: number) => void = () => {}
): FuzzReport {
  const random = new Random(randomSeed)
  const outcomes: Record<string, number> = {}
  const refusals: Record<string, number> = {}
  const findings: { what: string, der: string }[] = []
  for (let done = 0; done < count; done++) {
    const mutant = mutateDer(random.pick(seeds), seeds, random)
    const outcome = compareWithNode(mutant)
    outcomes[outcome.kind] = (outcomes[outcome.kind] ?? 0) + 1
    if (outcome.kind === 'we_refuse_node_accepts') refusals[outcome.reason] = (refusals[outcome.reason] ?? 0) + 1
    const wrong = describe(outcome)
    if (wrong !== '' && findings.length < 20) findings.push({ what: wrong, der: mutant.toString('hex') })
    if (done % 10_000 === 0) progress(done)
  }
  return { mutants: count, outcomes, refusals, findings }
}

function describe (outcome: ReturnType<typeof compareWithNode>): string {
  if (outcome.kind === 'disagree') return `disagree on ${outcome.fields.join(', ')}`
  if (outcome.kind === 'uncoded') return `uncoded error ${String(outcome.error)}`
  return outcome.kind === 'we_accept_node_refuses' ? 'accepted here, refused by Node' : ''
}
