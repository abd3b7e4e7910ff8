import { median, quantile } from '../statistics.ts'
import type { ServerState } from './server.ts'

/** What was seen at one moment, and since the moment before. */
export interface Sample extends ServerState {
  /** Minutes since the start. */
  readonly at: number
  /** Milliseconds of the steady calls. */
  readonly p50: number
  readonly p99: number
}

export function sampleOf (state: ServerState, at: number, latencies: readonly number[]): Sample {
  return { ...state, at, p50: median(latencies), p99: quantile(latencies, 0.99) }
}

type Figure = 'heap' | 'anonymous' | 'resources' | 'sockets' | 'p50' | 'p99'

/**
 * How much a figure may grow in the last half of the run: a share of its median, and an amount on top. The amount of
 * `anonymous` is for glibc, whose free memory between blocks in use grows ever more slowly. Node 22 and 24 exceed it in
 * an hour: they lose memory at handshakes (docs/testing.md).
 */
const ALLOWED: Readonly<Record<Figure, readonly [share: number, more: number]>> = {
  heap: [0.03, 2e6],
  anonymous: [0.04, 4e6],
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
export function judge (samples: readonly Sample[]): readonly Trend[] {
  const half = samples.slice(Math.floor(samples.length / 2))
  const length = (half.at(-1)?.at ?? 0) - (half[0]?.at ?? 0)
  return (Object.keys(ALLOWED) as Figure[]).map((figure) => {
    const all = half.map((sample) => [sample.at, sample[figure]] as const)
    const points = all.filter(([, value]) => Number.isFinite(value))
    const middle = median(points.map(([, value]) => value))
    const growth = slopeOf(points) * length
    const [share, more] = ALLOWED[figure]
    return { figure, median: middle, growth, isFlat: growth <= middle * share + more }
  })
}

/** The median of the slopes between all pairs of points (Theil and Sen): single high samples do not count. */
function slopeOf (points: ReadonlyArray<readonly [at: number, value: number]>): number {
  const slopes = points.flatMap(([at, value], index) => points.slice(index + 1).map(([later, other]) => (
    (other - value) / (later - at)
  )))
  return slopes.length === 0 ? 0 : median(slopes)
}
