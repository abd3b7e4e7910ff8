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

type Figure = 'heap' | 'rss' | 'resources' | 'sockets' | 'p50' | 'p99'

/** How much a figure may be larger in the last third than in the second: a factor, and an amount on top. */
const ALLOWED: Readonly<Record<Figure, readonly [factor: number, more: number]>> = {
  heap: [1.1, 4e6],
  rss: [1.15, 20e6],
  resources: [1.1, 10],
  sockets: [1.1, 10],
  p50: [1.5, 1],
  p99: [2, 20]
}

/** A figure in the second and the last third of the run. The first third fills caches. */
export interface Trend {
  readonly figure: Figure
  readonly second: number
  readonly last: number
  readonly isFlat: boolean
}

/** Whether each figure stayed flat. */
export function judge (samples: readonly Sample[]): readonly Trend[] {
  const third = Math.floor(samples.length / 3)
  return (Object.keys(ALLOWED) as Figure[]).map((figure) => {
    const of = (part: readonly Sample[]): number => median(part.map((sample) => sample[figure]))
    const [second, last] = [of(samples.slice(third, 2 * third)), of(samples.slice(2 * third))]
    const [factor, more] = ALLOWED[figure]
    return { figure, second, last, isFlat: last <= second * factor + more }
  })
}
