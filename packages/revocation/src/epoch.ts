/** A counter that notifies its listeners of each change. */
export class Epoch {
  readonly #listeners = new Set<() => void>()
  #value: number = 1

  get value (): number { return this.#value }

  subscribe (listener: () => void): () => void {
    const entry = (): void => listener()
    this.#listeners.add(entry)
    return () => { this.#listeners.delete(entry) }
  }

  /** Calls the listeners. One that throws must not prevent the others from being called. */
  move (): void {
    this.#value++
    for (const listener of [...this.#listeners]) {
      try {
        listener()
      } catch (error) {
        process.emitWarning(
          `A listener of a revocation checker failed: ${error instanceof Error ? error.message : String(error)}`,
          { type: 'PeerkitWarning', code: 'MTLS_WARN_REVOCATION_LISTENER' }
        )
      }
    }
  }

  clear (): void {
    this.#listeners.clear()
  }
}
