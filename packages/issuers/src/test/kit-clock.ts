import type { Clock } from '@peerkit/credentials'

interface Task { readonly at: number, readonly task: () => void }

/** A clock that moves when a case tells it to. */
export class KitClock implements Clock {
  #now: number
  readonly #tasks = new Set<Task>()

  constructor (now: number = Date.now()) { this.#now = now }

  now (): number { return this.#now }

  schedule (task: () => void, delay: number): () => void {
    const entry = { at: this.#now + delay, task }
    this.#tasks.add(entry)
    return () => { this.#tasks.delete(entry) }
  }

  /** Moves on, and runs what is due on the way, each at its time. */
  advance (milliseconds: number): void {
    const end = this.#now + milliseconds
    for (let due = this.#nextUntil(end); due !== undefined; due = this.#nextUntil(end)) {
      this.#tasks.delete(due)
      this.#now = Math.max(this.#now, due.at)
      due.task()
    }
    this.#now = end
  }

  #nextUntil (end: number): Task | undefined {
    return [...this.#tasks].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
  }
}
