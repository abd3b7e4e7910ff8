import type { Series } from './benchmark.ts'
import { summarize } from './statistics.ts'

/** Collects figures by line and size, in any order. */
export class SeriesBook {
  readonly #figures = new Map<string, Map<number, number[]>>()

  add (line: string, size: number, figure: number): void {
    const sizes = this.#figures.get(line) ?? new Map<number, number[]>()
    this.#figures.set(line, sizes)
    sizes.set(size, [...sizes.get(size) ?? [], figure])
  }

  write (about: Omit<Series, 'kind' | 'lines'>): Series {
    const lines = [...this.#figures].map(([name, sizes]) => ({
      name,
      points: [...sizes].sort(([a], [b]) => a - b).map(([size, figures]) => {
        const { median, low, high, wide } = summarize(figures)
        return { size, median, low, high, wide }
      })
    }))
    return { kind: 'series', ...about, lines }
  }
}
