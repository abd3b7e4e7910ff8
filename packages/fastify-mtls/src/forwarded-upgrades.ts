import type { Duplex } from 'node:stream'
import { ASK_AGAIN_AFTER, WakeAt, whenAnswered } from '@peerkit/identity/internal'

interface Followed {
  readonly notAfter: number
  readonly isStillValid: () => boolean | Promise<boolean>
  readonly wake: WakeAt
}

/**
 * Upgraded sockets (WebSockets) of forwarded clients. They send no further requests, so they are checked here and
 * closed when their certificate is no longer accepted.
 */
export class ForwardedUpgrades {
  readonly #open = new Map<Duplex, Followed>()
  readonly #now: () => number
  readonly #recheck: number

  /** @param recheck milliseconds between two checks: an answer about revocation may expire without notice */
  constructor (now: () => number, recheck: number = ASK_AGAIN_AFTER) {
    this.#now = now
    this.#recheck = recheck
  }

  /**
   * @param notAfter when the certificate expires, in milliseconds since the epoch
   * @param isStillValid checks the client again, as for its first request
   */
  follow (socket: Duplex, notAfter: number, isStillValid: Followed['isStillValid']): void {
    if (socket.destroyed) return
    const wake = new WakeAt(() => { this.#check(socket, followed) }, { now: this.#now })
    const followed: Followed = { notAfter, isStillValid, wake }
    this.#open.set(socket, followed)
    socket.once('close', () => {
      wake.clear()
      this.#open.delete(socket)
    })
    this.#arm(followed)
  }

  /** Checks every open socket. */
  review (): void {
    for (const [socket, followed] of this.#open) this.#check(socket, followed)
  }

  #arm ({ wake, notAfter }: Followed): void {
    wake.set(Math.min(this.#now() + this.#recheck, notAfter))
  }

  #check (socket: Duplex, followed: Followed): void {
    const take = (isValid: boolean): void => {
      if (!isValid) socket.destroy()
      else if (!socket.destroyed) this.#arm(followed)
    }
    whenAnswered(followed.isStillValid, take, () => { take(false) })
  }
}
