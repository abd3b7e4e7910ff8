import { median, spread } from './statistics.ts'

export interface Contender { readonly name: string, measure (): Promise<number> }

export interface Row { readonly name: string, readonly median: number, readonly ratio: number, readonly spread: number, readonly noisy: boolean }

/** A ratio whose quartiles lie further apart than this is marked: it says little. */
const WIDE = 0.05

/**
 * Measures the contenders in turn, round by round, so that what else the machine does meets them all alike; the order turns with
 * each round. A ratio is the median of the rounds' own ratios to the first contender.
 */
export async function interleave (contenders: readonly Contender[], rounds: number): Promise<Row[]> {
  const figures = new Map(contenders.map(({ name }) => [name, [] as number[]]))
  for (let round = 0; round < rounds; round += 1) {
    for (let index = 0; index < contenders.length; index += 1) {
      const contender = contenders[(index + round) % contenders.length]
      if (contender !== undefined) figures.get(contender.name)?.push(await contender.measure())
    }
  }
  const limit = figures.get(contenders[0]?.name ?? '') ?? []
  return contenders.map(({ name }) => {
    const own = figures.get(name) ?? []
    const ratios = own.map((figure, round) => figure / (limit[round] ?? NaN))
    return { name, median: median(own), ratio: median(ratios), spread: spread(ratios), noisy: spread(ratios) > WIDE }
  })
}

export function formatRows (title: string, unit: string, rows: readonly Row[]): string {
  const lines = rows.map((row) => `| ${row.name} | ${Math.round(row.median).toLocaleString('en')} | ${row.ratio.toFixed(3)} | ±${(row.spread * 100).toFixed(1)} %${row.noisy ? ' (too wide)' : ''} |`)
  return [`### ${title}`, '', `| contender | ${unit} | of the first | spread of the ratio |`, '| --- | --- | --- | --- |', ...lines, ''].join('\n')
}
