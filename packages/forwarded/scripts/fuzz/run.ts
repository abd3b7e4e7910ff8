import type { ForwardedReader, ForwardedResult } from '../../src/index.ts'
import type { PeerIdentity } from '@peerkit/identity'
import { mutate } from './mutate.ts'
import { findWrong } from './oracle.ts'
import type { Truth } from './oracle.ts'
import { Random } from '@peerkit/test-support/random'

/** A reader, the headers that its gateway may write, and what is true. */
export interface Target {
  readonly name: string
  readonly reader: ForwardedReader
  readonly seeds: ReadonlyArray<readonly string[]>
  readonly truth: Truth
}

export interface Finding { readonly target: string, readonly problem: string, readonly headers: readonly string[] }

export interface Outcome {
  readonly findings: readonly Finding[]
  /** How often which answer was given, by reason. */
  readonly counts: Readonly<Record<string, number>>
  /** The longest answer took so many milliseconds. */
  readonly slowest: number
}

/**
 * Asks each reader about mutated headers of its gateway, `count` times in all. The same seed gives the same headers.
 */
export function fuzz (targets: readonly Target[], sender: PeerIdentity, count: number, seed: number): Outcome {
  const random = new Random(seed)
  const all = targets.flatMap(({ seeds }) => seeds)
  const findings: Finding[] = []
  const counts: Record<string, number> = {}
  let slowest = 0
  for (let turn = 0; turn < count; turn++) {
    const target = targets[turn % targets.length] as Target
    // Pieces of the same gateway's headers fit more often.
    const headers = mutate(random.pick(target.seeds), random.below(3) === 0 ? all : target.seeds, random)
    const start = performance.now()
    const result = ask(target.reader, headers, sender)
    slowest = Math.max(slowest, performance.now() - start)
    const key = result instanceof Error ? 'thrown' : result.state === 'refused' ? result.reason : result.state
    counts[key] = (counts[key] ?? 0) + 1
    const problem = result instanceof Error
      ? String(result.stack)
      : result.state === 'accepted' ? findWrong(result.identity, headers, target.truth) : undefined
    if (problem !== undefined) findings.push({ target: target.name, problem, headers })
  }
  return { findings, counts, slowest }
}

function ask (reader: ForwardedReader, rawHeaders: readonly string[], sender: PeerIdentity): ForwardedResult | Error {
  try {
    return reader.read({ rawHeaders, sender, remoteAddress: undefined }) as ForwardedResult
  } catch (error) {
    return error as Error
  }
}
