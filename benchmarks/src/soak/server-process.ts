import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

interface Answer { readonly id: number, readonly answer?: unknown, readonly error?: string }

/** The process of the server. */
export class ServerProcess {
  readonly #child = fork(join(import.meta.dirname, 'server.ts'), [], {
    // `v8.queryObjects` is experimental.
    execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning', ...process.execArgv]
  })

  readonly #ended = once(this.#child, 'exit')
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #last = 0

  constructor () {
    this.#child.on('message', ({ id, answer, error }: Answer) => {
      const { resolve, reject } = this.#waiting.get(id) as PromiseWithResolvers<unknown>
      this.#waiting.delete(id)
      if (error === undefined) resolve(answer)
      else reject(new Error(error))
    })
    this.#child.on('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the server ended with the exit code ${code}`))
    })
  }

  /** Runs a command of server.ts. @throws Error if it failed, or if the server has ended */
  async ask<Result> (command: string, value?: unknown): Promise<Result> {
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(++this.#last, waiting)
    this.#child.send({ id: this.#last, command, value })
    return await waiting.promise as Result
  }

  async stop (): Promise<void> {
    this.#child.disconnect()
    await this.#ended
  }
}
