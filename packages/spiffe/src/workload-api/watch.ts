import { WakeAt } from '@peerkit/identity/internal'
import { WorkloadApiError } from '../errors.ts'
import { openServerStream } from './server-stream.ts'
import type { ServerStream, StreamOptions } from './server-stream.ts'

/** What a watch tells. */
export interface WatchListener {
  /** A message arrived. Must not throw. */
  onMessage (octets: Uint8Array): void
  /**
   * The stream ended. Another one is opened after `delay` milliseconds.
   *
   * @param hadMessages whether a message had arrived on it
   */
  onLost (error: WorkloadApiError, delay: number, hadMessages: boolean): void
}

export interface WatchOptions extends StreamOptions {
  /** The first and the longest time between two streams, in milliseconds. */
  readonly retry: { readonly first: number, readonly longest: number }
  readonly random: () => number
}

/** A server stream that is opened again, with growing pauses, until it is closed. */
export class Watch {
  readonly #options: WatchOptions
  readonly #listener: WatchListener
  readonly #due: WakeAt
  #stream: ServerStream | undefined
  #failures = 0
  #hadMessages = false
  #isClosed = false

  constructor (options: WatchOptions, listener: WatchListener) {
    this.#options = options
    this.#listener = listener
    const { clock } = options
    this.#due = new WakeAt(() => { this.#open() }, {
      now: () => clock.now(), schedule: (task, delay) => clock.schedule(task, delay)
    })
    this.#open()
  }

  close (): void {
    this.#isClosed = true
    this.#due.clear()
    this.#stream?.close()
  }

  #open (): void {
    this.#hadMessages = false
    try {
      this.#stream = openServerStream(this.#options, {
        onMessage: (octets) => {
          this.#failures = 0
          this.#hadMessages = true
          this.#listener.onMessage(octets)
        },
        onEnd: (error) => { this.#retry(error) }
      })
    } catch (error) {
      // The permission model of Node refuses at once.
      const { message } = error as Error
      this.#retry(new WorkloadApiError('unreachable', `the connection cannot be opened: ${message}`, { cause: error }))
    }
  }

  #retry (error: WorkloadApiError): void {
    const { random, retry: { first, longest } } = this.#options
    // A request that the agent refuses as such is not asked again soon (SPIFFE Workload Endpoint section 6). An agent
    // that is replaced may take it, so it is asked again at last.
    const most = error.reason === 'refused' ? longest : Math.min(longest, first * 2 ** Math.min(this.#failures, 30))
    // Half of it is jitter: all workloads of a host lose their agent at once.
    const delay = most - random() * most / 2
    this.#failures += 1
    this.#due.setAfter(delay)
    this.#listener.onLost(error, delay, this.#hadMessages)
  }
}
