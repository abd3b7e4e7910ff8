import type { Material } from '../world.ts'
import { quantile } from '../statistics.ts'

export interface LoadOptions {
  readonly port: number
  readonly material: Material
  readonly seconds: number
  /** Kept busy, one request after the other. Default 16. */
  readonly connections?: number
  /** Requests that are counted as lost instead of ending the measurement. */
  readonly forgiving?: boolean
}

export interface LoadResult {
  readonly answered: number
  /** Requests that were refused, cut off or answered with another status than 200. */
  readonly lost: number
  readonly seconds: number
  readonly rate: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
}

export const CONNECTIONS = 16

/** Counts answers and how long each took. */
export class Tally {
  readonly #started = performance.now()
  readonly #latencies: number[] = []
  lost = 0

  add (latency: number): void { this.#latencies.push(latency) }

  finish (): LoadResult {
    const seconds = (performance.now() - this.#started) / 1000
    const sorted = Float64Array.from(this.#latencies)
    const answered = sorted.length
    return {
      answered,
      lost: this.lost,
      seconds,
      rate: answered / seconds,
      p50: quantile(sorted, 0.5),
      p99: quantile(sorted, 0.99)
    }
  }
}
