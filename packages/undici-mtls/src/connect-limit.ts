import type { Socket } from 'node:net'
import { scheduleTimer, withTimeout } from '@peerkit/identity/internal'
import { errors } from 'undici'
import { MTLS_ERR_OUTBOUND_UNREACHABLE, withFacts } from './errors.ts'

/** One time limit for all steps of opening a connection. */
export class ConnectLimit {
  readonly #expired = new AbortController()
  readonly #cancel: () => void
  readonly #sockets: Socket[] = []

  constructor (milliseconds: number, origin: string) {
    // The socket keeps the process alive while a connection is opened.
    this.#cancel = scheduleTimer(() => {
      const message = `no connection within ${milliseconds} ms`
      const error = withFacts(new MTLS_ERR_OUTBOUND_UNREACHABLE(origin, message), {
        retryable: true, origin, reason: 'timeout', cause: new errors.ConnectTimeoutError(message)
      })
      this.#expired.abort(error)
      for (const socket of this.#sockets) socket.destroy(error)
    }, milliseconds)
  }

  /** Resolves like the promise, or rejects when the time is up. */
  async race<T> (promise: Promise<T>): Promise<T> {
    return await withTimeout(promise, { signal: this.#expired.signal })
  }

  /** Destroys the socket when time is up. */
  guard (socket: Socket): void { this.#sockets.push(socket) }

  end (): void { this.#cancel() }
}
