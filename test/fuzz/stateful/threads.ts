import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Told } from './worker.ts'

/** A thread that runs one server after the other. */
export class ServerThread {
  readonly #worker = new Worker(join(import.meta.dirname, 'worker.ts'))
  readonly #lost: Told['do'] | undefined
  /** What the thread died of. It never settles otherwise. */
  readonly #died: Promise<never>

  /** @param lost messages that never arrive */
  constructor (lost?: Told['do']) {
    this.#lost = lost
    this.#died = new Promise((_resolve, reject) => {
      this.#worker.on('error', reject)
      this.#worker.on('exit', (code) => { reject(new Error(`the thread of a server ended with code ${code}`)) })
    })
    this.#died.catch(() => {})
  }

  /** @throws Error with what the server threw, or what its thread died of */
  async tell (told: Told): Promise<number> {
    if (told.do === this.#lost) return 0
    const said = once(this.#worker, 'message')
    this.#worker.postMessage(told)
    const [{ answer, error }] = await Promise.race([said, this.#died])
    if (error !== undefined) throw new Error(`a server failed at "${told.do}": ${error}`)
    return answer
  }

  async stop (): Promise<void> {
    await this.#worker.terminate()
  }
}
