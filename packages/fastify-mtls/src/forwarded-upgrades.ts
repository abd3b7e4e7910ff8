import type { Duplex } from 'node:stream'

/** Milliseconds between two checks of an open socket. An answer about revocation may expire without notice. */
const RECHECK = 60_000

interface Followed {
  readonly end: number
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
   * @param end when the certificate is no longer valid (`endOfValidity`), in milliseconds since the epoch
   * @param isStillValid checks the client again, as for its first request
   */
  follow (socket: Duplex, end: number, isStillValid: Followed['isStillValid']): void {
    if (socket.destroyed) return
    const followed: Followed = { end, isStillValid, timer: undefined }
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
    const wait = Math.max(0, Math.min(this.#recheck, followed.end - this.#now()))
    followed.timer = setTimeout(() => { this.#check(socket, followed) }, wait).unref()
  }

  #check (socket: Duplex, followed: Followed): void {
    const take = (isValid: boolean): void => {
      if (!isValid) socket.destroy()
      else if (!socket.destroyed) this.#arm(socket, followed)
    }
    try {
      const isValid = followed.isStillValid()
      if (isValid instanceof Promise) isValid.then(take, () => { take(false) })
      else take(isValid)
    } catch {
      take(false)
    }
  }
}
