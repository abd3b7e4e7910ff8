import type { Comparison, Metric } from './benchmark.ts'
import { summarize } from './statistics.ts'

/** One of the contenders. A measurement returns a figure for each metric's key, or none if it is not known. */
export interface Measured { readonly name: string, measure (): Promise<Readonly<Record<string, number>>> }

/**
 * Measures the contenders in turn, round by round, so that other work of the machine affects all alike. The order
 * rotates with each round. A ratio is the median of the rounds' own ratios to the first contender.
 */
export async function compare (
  title: string, metrics: readonly Metric[], contenders: readonly Measured[], rounds: number,
  notes: readonly string[] = []
): Promise<Comparison> {
  const figures = new Map(contenders.map((contender) => [contender, [] as Array<Readonly<Record<string, number>>>]))
  for (let round = 0; round < rounds; round += 1) {
    for (let index = 0; index < contenders.length; index += 1) {
      const contender = contenders[(index + round) % contenders.length] as Measured
      figures.get(contender)?.push(await contender.measure())
    }
  }
  const of = (contender: Measured | undefined, key: string): number[] =>
    (contender === undefined ? [] : figures.get(contender) ?? []).map((round) => round[key] ?? NaN)
  const rows = contenders.map((contender) => ({
    name: contender.name,
    figures: Object.fromEntries(metrics.flatMap(({ key, ratio = false, sum = false }) => {
      const own = of(contender, key)
      if (sum) return [[key, summarize([own.reduce((total, figure) => total + figure, 0)])]]
      return own.every(Number.isNaN) ? [] : [[key, summarize(own, ratio ? of(contenders[0], key) : undefined)]]
    }))
  }))
  return { kind: 'comparison', title, metrics, rows, notes }
}
