import { median, quantile, slopeOf } from '../statistics.ts'
import type { ServerState } from './server.ts'

/** What was seen at one moment, and since the moment before. */
export interface Sample extends ServerState {
  /** Minutes since the start. */
  readonly at: number
  /** Milliseconds of the steady calls. */
  readonly p50: number
  readonly p99: number
}

/** The samples of one Node. */
export interface SoakRun {
  readonly name: string
  /** Octets that Node itself loses for each full handshake of a verified client (node-loss.ts). */
  readonly loss: number
  readonly samples: readonly Sample[]
}

/** The memory of the process without pages of files, and without what Node itself has lost. */
export function ownMemory ({ loss }: SoakRun, { anonymous, handshakes }: Sample): number {
  return anonymous - loss * handshakes
}

export function sampleOf (state: ServerState, at: number, latencies: readonly number[]): Sample {
  return { ...state, at, p50: median(latencies), p99: quantile(latencies, 0.99) }
}

type Figure = 'heap' | 'memory' | 'resources' | 'sockets' | 'p50' | 'p99'

/**
 * How much a figure may grow in the last half of the run: a share of its median, and an amount on top. The amount of
 * `memory` is for glibc, whose free memory between blocks in use grows ever more slowly.
 */
const ALLOWED: Readonly<Record<Figure, readonly [share: number, more: number]>> = {
  heap: [0.03, 2e6],
  memory: [0.04, 4e6],
  resources: [0.1, 10],
  sockets: [0.1, 10],
  p50: [0.5, 1],
  p99: [1, 20]
}

/** A figure in the last half of the run. The first half fills caches and the memory that glibc keeps. */
export interface Trend {
  readonly figure: Figure
  readonly median: number
  /** What the slope of the last half adds in its length. */
  readonly growth: number
  readonly isFlat: boolean
}

/** Whether each figure has come to a plateau. */
export function judge (run: SoakRun): readonly Trend[] {
  const { samples } = run
  const half = samples.slice(Math.floor(samples.length / 2))
  const length = (half.at(-1)?.at ?? 0) - (half[0]?.at ?? 0)
  return (Object.keys(ALLOWED) as Figure[]).map((figure) => {
    const valueOf = (sample: Sample): number => figure === 'memory' ? ownMemory(run, sample) : sample[figure]
    const all = half.map((sample) => [sample.at, valueOf(sample)] as const)
    const points = all.filter(([, value]) => Number.isFinite(value))
    const middle = median(points.map(([, value]) => value))
    const growth = slopeOf(points) * length
    const [share, more] = ALLOWED[figure]
    return { figure, median: middle, growth, isFlat: growth <= middle * share + more }
  })
}
