import type { Duplex } from 'node:stream'
import { whenAnswered } from '@peerkit/identity/internal'

/** Milliseconds between two checks of an open socket. An answer about revocation may expire without notice. */
const RECHECK = 60_000

interface Followed {
  readonly notAfter: number
  readonly isStillValid: () => boolean | Promise<boolean>
  timer: NodeJS.Timeout | undefined
}

/**
 * Upgraded sockets (WebSockets) of forwarded clients. They send no further requests, so they are checked here and
 * closed when their certificate is no longer accepted.
 */
export class ForwardedUpgrades {
  readonly #open = new Map<Duplex, Followed>()
  readonly #now: () => number
  readonly #recheck: number

  constructor (now: () => number, recheck: number = RECHECK) {
    this.#now = now
    this.#recheck = recheck
  }

  /**
   * @param notAfter when the certificate expires, in milliseconds since the epoch
   * @param isStillValid checks the client again, as for its first request
   */
  follow (socket: Duplex, notAfter: number, isStillValid: Followed['isStillValid']): void {
    if (socket.destroyed) return
    const followed: Followed = { notAfter, isStillValid, timer: undefined }
    this.#open.set(socket, followed)
    socket.once('close', () => {
      clearTimeout(followed.timer)
      this.#open.delete(socket)
    })
    this.#arm(socket, followed)
  }

  /** Checks every open socket. */
  review (): void {
    for (const [socket, followed] of this.#open) this.#check(socket, followed)
  }

  #arm (socket: Duplex, followed: Followed): void {
    clearTimeout(followed.timer)
    const wait = Math.max(0, Math.min(this.#recheck, followed.notAfter - this.#now()))
    followed.timer = setTimeout(() => { this.#check(socket, followed) }, wait).unref()
  }

  #check (socket: Duplex, followed: Followed): void {
    const take = (isValid: boolean): void => {
      if (!isValid) socket.destroy()
      else if (!socket.destroyed) this.#arm(socket, followed)
    }
    whenAnswered(followed.isStillValid, take, () => { take(false) })
  }
}
