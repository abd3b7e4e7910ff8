/** The listeners of a source. */
export class Listeners<Change> {
  readonly #listeners = new Set<(change: Change) => void>()
  readonly #what: string

  /** @param what the source, for warnings: `credentials` */
  constructor (what: string) {
    this.#what = what
  }

  /** Returns a function that removes the listener. */
  add (listener: (change: Change) => void): () => void {
    // One function may subscribe twice, and unsubscribe each by itself.
    const own = (change: Change): unknown => listener(change)
    this.#listeners.add(own)
    return () => { this.#listeners.delete(own) }
  }

  clear (): void { this.#listeners.clear() }

  notify (change: Change): void {
    for (const listener of [...this.#listeners]) {
      try {
        // A listener may be async: its rejection must be handled too.
        Promise.resolve(listener(change)).catch((error: unknown) => { this.#warn(error) })
      } catch (error) {
        this.#warn(error)
      }
    }
  }

  /** An error of one listener must not stop the others or end the process, and must not be hidden. */
  #warn (error: unknown): void {
    const what = error instanceof Error ? error.stack ?? error.message : String(error)
    process.emitWarning(`A listener of ${this.#what} failed: ${what}`, { code: 'PEERKIT_LISTENER_FAILED' })
  }
}
