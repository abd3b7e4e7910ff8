import type { Clock } from '@peerkit/credentials'

/** A clock that moves when it is told to. It starts now, so that certificates made by the real clock are valid. */
export class ManualClock implements Clock {
  readonly delays: number[] = []
  #now = Date.now()
  readonly #listeners = new Set<(delay: number) => void>()
  readonly #tasks = new Set<{ readonly at: number, readonly task: () => void }>()

  now (): number { return this.#now }

  /** How many tasks wait. */
  get waiting (): number { return this.#tasks.size }

  schedule (task: () => void, delay: number): () => void {
    const entry = { at: this.#now + delay, task }
    this.delays.push(delay)
    this.#tasks.add(entry)
    for (const listener of this.#listeners) listener(delay)
    return () => { this.#tasks.delete(entry) }
  }

  /** Waits until something is scheduled with a delay like this. */
  async nextTask (wanted: (delay: number) => boolean = () => true): Promise<number> {
    return await new Promise((resolve) => {
      const listener = (delay: number): void => {
        if (!wanted(delay)) return
        this.#listeners.delete(listener)
        resolve(delay)
      }
      this.#listeners.add(listener)
    })
  }

  /** Moves on, and runs what is due on the way, each at its time. */
  advance (duration: number): void {
    const end = this.#now + duration
    for (let due = this.#next(end); due !== undefined; due = this.#next(end)) {
      this.#tasks.delete(due)
      this.#now = Math.max(this.#now, due.at)
      due.task()
    }
    this.#now = end
  }

  #next (end: number): { readonly at: number, readonly task: () => void } | undefined {
    return [...this.#tasks].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
  }
}
