/** Counts what sources tell, and waits for it. */
export class News {
  readonly #counts = new Map<string, number>()
  #wake = (): void => {}

  tell (what: string): void {
    this.#counts.set(what, this.count(what) + 1)
    this.#wake()
  }

  count (what: string): number { return this.#counts.get(what) ?? 0 }

  /** Resolves when something holds, which is asked at all news. */
  async until (holds: () => boolean): Promise<void> {
    // The sources keep no process alive.
    const alive = setInterval(() => {}, 2 ** 30)
    while (!holds()) await new Promise<void>((resolve) => { this.#wake = resolve })
    clearInterval(alive)
  }
}
