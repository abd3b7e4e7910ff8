import { setImmediate as nextTurn } from 'node:timers/promises'

/** Milliseconds of work in one turn of the event loop. */
const MOST = 4

/** Cuts long work into slices, so that the event loop can do other things in between. */
export class Slices {
  #began = performance.now()

  /** Call it between two steps. It waits for the next turn if this one has taken long enough. */
  async pause (): Promise<void> {
    if (performance.now() - this.#began >= MOST) await this.turn()
  }

  /** Waits for the next turn. Call it before a step that takes long and cannot be cut. */
  async turn (): Promise<void> {
    await nextTurn()
    this.#began = performance.now()
  }
}
