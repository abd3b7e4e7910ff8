/**
 * Finds the longest turn of the event loop, by the CPU time of the main thread: time during which the system gave the
 * core to others does not count. It keeps the event loop busy.
 */
export class TurnWatch {
  #longest = 0
  #last = cpuTime()
  #isStopped = false

  constructor () { this.#watch() }

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
    if (!this.#isStopped) setImmediate(() => { this.#watch() })
  }
}

/** Milliseconds of CPU time of this thread. */
function cpuTime (): number {
  const { user, system } = (process as unknown as { threadCpuUsage: () => NodeJS.CpuUsage }).threadCpuUsage()
  return (user + system) / 1_000
}
