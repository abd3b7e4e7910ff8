// The order in which test files try a fault: first those that are the most likely to notice one of this source file for
// the time they take. Most faults are noticed by many files, and the first one that fails ends the search.

interface Tally { tries: number, kills: number, duration: number }

/** The parts of a test's id. A path of a test file has no space. */
export function testId (file: string, name: string): string {
  return `${file} ${name}`
}

export class KillOrder {
  /** By the source file and the test file, and by the test file alone. */
  readonly #tallies = new Map<string, Tally>()

  #of (key: string): Tally {
    const tally = this.#tallies.get(key) ?? { tries: 0, kills: 0, duration: 0 }
    this.#tallies.set(key, tally)
    return tally
  }

  note (source: string, file: string, duration: number, killed: boolean): void {
    for (const tally of [this.#of(`${source} ${file}`), this.#of(file)]) {
      tally.tries++
      tally.duration += duration
      if (killed) tally.kills++
    }
  }

  /** Faults noticed in a millisecond. Until a test file has tried some of this source file, it goes by what it did for others. */
  #worth (source: string, file: string): number {
    const [own, all] = [this.#of(`${source} ${file}`), this.#of(file)]
    if (all.tries === 0) return Infinity
    const usual = (all.kills + 0.5) / (all.tries + 1)
    return (own.kills + 2 * usual) / (own.tries + 2) / (all.duration / all.tries)
  }

  /** The names of the tests, by their files. */
  sort (source: string, ids: readonly string[]): [file: string, names: ReadonlySet<string>][] {
    const files = new Map<string, Set<string>>()
    for (const id of ids) {
      const space = id.indexOf(' ')
      const file = id.slice(0, space)
      files.set(file, (files.get(file) ?? new Set()).add(id.slice(space + 1)))
    }
    const worth = new Map([...files.keys()].map((file) => [file, this.#worth(source, file)]))
    // A file that never ran is tried first, the one with more tests before others.
    return [...files].sort(([a, of], [b, others]) => (worth.get(b)! - worth.get(a)!) || others.size - of.size)
  }
}
