import type { Figure } from './benchmark.ts'

/** A figure with a wider spread than this is marked, because it says little. */
export const WIDE = 0.05

export function median (values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] ?? NaN : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}

/** The value below which a share of the values lies. */
export function quantile (values: readonly number[] | Float64Array, share: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.round(share * (sorted.length - 1))] ?? NaN
}

/** Half the distance between the quartiles, as a share of the median. */
export function spread (values: readonly number[]): number {
  return (quantile(values, 0.75) - quantile(values, 0.25)) / 2 / median(values)
}

/** The figure of one contender's rounds; with the first contender's rounds, a ratio round by round. */
export function summarize (values: readonly number[], first?: readonly number[]): Figure {
  const ratios = first?.map((figure, round) => (values[round] ?? NaN) / figure)
  const width = Math.abs(spread(ratios !== undefined && first !== values ? ratios : values))
  return {
    median: median(values),
    low: quantile(values, 0.25),
    high: quantile(values, 0.75),
    spread: width,
    wide: width > WIDE,
    ratio: ratios === undefined ? undefined : median(ratios)
  }
}

/** The median of the slopes between all pairs of points (Theil and Sen): single high samples do not count. */
export function slopeOf (points: ReadonlyArray<readonly [at: number, value: number]>): number {
  const slopes = points.flatMap(([at, value], index) => points.slice(index + 1).map(([later, other]) => (
    (other - value) / (later - at)
  )))
  return slopes.length === 0 ? 0 : median(slopes)
}
