/**
 * Finds the longest turn of the event loop, by the CPU time of the main thread: time during which the system gave the
 * core to others does not count.
 */
export class TurnWatch {
  readonly #pause: number
  #longest = 0
  #last = cpuTime()
  #isStopped = false

  /**
   * @param pause milliseconds between two looks; what happens in between counts as one turn. Default: it looks at each
   *   turn, which keeps the event loop busy
   */
  constructor (pause: number = 0) {
    this.#pause = pause
    this.#watch()
  }

  takeLongest (): number {
    const longest = this.#longest
    this.#longest = 0
    return longest
  }

  stop (): void { this.#isStopped = true }

  #watch (): void {
    const now = cpuTime()
    this.#longest = Math.max(this.#longest, now - this.#last)
    this.#last = now
    if (this.#isStopped) return
    if (this.#pause > 0) setTimeout(() => { this.#watch() }, this.#pause)
    else setImmediate(() => { this.#watch() })
  }
}

/** Milliseconds of CPU time of this thread. */
function cpuTime (): number {
  const { user, system } = (process as unknown as { threadCpuUsage: () => NodeJS.CpuUsage }).threadCpuUsage()
  return (user + system) / 1_000
}
