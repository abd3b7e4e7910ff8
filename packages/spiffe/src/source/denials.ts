import type { Clock } from '@peerkit/credentials'
import type { WorkloadApiError } from '../errors.ts'

/** What to do when the agent denies an identity that it gave before. */
export interface DenialPolicy {
  /** `stop`: the X.509-SVID is not presented any more. `keep`: it is, until it expires. */
  readonly whenDenied: 'stop' | 'keep'
  /** How long an agent that was away may deny, in milliseconds. */
  readonly grace: number
  readonly clock: Clock
}

/**
 * Tells whether the agent took our identity back (SPIFFE Workload API section 5.2.1). The gRPC status PermissionDenied
 * alone does not say so: an agent that starts answers with it until it knows its workloads.
 *
 * - An agent that ends a stream with it, on which it gave an identity, knew this process. If it denies the next call
 *   too, the identity was taken back. If the entry was only made again in between, the next call gets the new one.
 * - An agent that was away, and denies since it is back, is believed after a while.
 */
export class Denials {
  readonly #policy: DenialPolicy
  #count = 0
  /** When the first denial in a row came. */
  #since = 0
  /** Whether the first one ended a stream that had given an identity. */
  #isCertain = false

  constructor (policy: DenialPolicy) { this.#policy = policy }

  /** A stream gave an identity. */
  clear (): void { this.#count = 0 }

  /**
   * Counts an end of a stream.
   *
   * @param hadMessages whether an identity had arrived on it
   * @returns whether our identity was taken back
   */
  count ({ reason }: WorkloadApiError, hadMessages: boolean): boolean {
    const { whenDenied, grace, clock } = this.#policy
    if (reason !== 'denied') {
      // An agent that is away says nothing about us.
      this.clear()
      return false
    }
    if (this.#count === 0) {
      this.#since = clock.now()
      this.#isCertain = hadMessages
    }
    this.#count += 1
    if (whenDenied === 'keep') return false
    return this.#isCertain ? this.#count > 1 : clock.now() - this.#since >= grace
  }
}
