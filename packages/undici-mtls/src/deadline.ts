import type { Socket } from 'node:net'
import { errors } from 'undici'
import { MTLS_ERR_OUTBOUND_UNREACHABLE, withFacts } from './errors.ts'

/** One time limit for all steps of opening a connection. */
export class Deadline {
  readonly #expired: Promise<never>
  readonly #timer: NodeJS.Timeout
  readonly #sockets: Socket[] = []

  constructor (milliseconds: number, origin: string) {
    const { promise, reject } = Promise.withResolvers<never>()
    promise.catch(() => {})
    this.#expired = promise
    this.#timer = setTimeout(() => {
      const message = `no connection within ${milliseconds} ms`
      const error = withFacts(new MTLS_ERR_OUTBOUND_UNREACHABLE(origin, message), {
        retryable: true, origin, reason: 'timeout', cause: new errors.ConnectTimeoutError(message)
      })
      reject(error)
      for (const socket of this.#sockets) socket.destroy(error)
    }, milliseconds)
    // The socket keeps the process alive while a connection is opened.
    this.#timer.unref()
  }

  /** Resolves like the promise, or rejects when the time is up. */
  async race<T> (promise: Promise<T>): Promise<T> {
    return await Promise.race([promise, this.#expired])
  }

  /** Destroys the socket when time is up. */
  guard (socket: Socket): void { this.#sockets.push(socket) }

  end (): void { clearTimeout(this.#timer) }
}
