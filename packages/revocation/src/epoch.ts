/** A counter that tells its listeners of each move. */
export class Epoch {
  readonly #listeners = new Set<() => void>()
  #value: number = 1

  get value (): number { return this.#value }

  subscribe (listener: () => void): () => void {
    const entry = (): void => listener()
    this.#listeners.add(entry)
    return () => { this.#listeners.delete(entry) }
  }

  /** A listener that throws must not keep the others from hearing of a revocation. */
  move (): void {
    this.#value++
    for (const listener of [...this.#listeners]) {
      try {
        listener()
      } catch (error) {
        process.emitWarning(
          `A listener for revocations failed: ${error instanceof Error ? error.message : String(error)}`,
          { type: 'PeerkitWarning', code: 'MTLS_WARN_REVOCATION_LISTENER' }
        )
      }
    }
  }

  clear (): void {
    this.#listeners.clear()
  }
}
