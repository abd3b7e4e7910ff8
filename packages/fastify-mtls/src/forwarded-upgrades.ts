import type { Duplex } from 'node:stream'

/** How often an open socket is judged again, in milliseconds, if nothing calls for it before: an answer about revocation may end unannounced. */
const RECHECK = 60_000

interface Followed { readonly notAfter: number, readonly stands: () => boolean | Promise<boolean>, timer: NodeJS.Timeout | undefined }

/** Sockets that HTTP gave away (WebSockets) to clients of a gateway: no further request brings them back to the hook, so they are judged again here, and cut when their certificate no longer stands. */
export class ForwardedUpgrades {
  readonly #open = new Map<Duplex, Followed>()
  readonly #now: () => number
  readonly #recheck: number

  constructor (now: () => number, recheck: number = RECHECK) {
    this.#now = now
    this.#recheck = recheck
  }

  /**
   * @param notAfter the certificate's end, in milliseconds since the epoch
   * @param stands judges the client again, as its first request was
   */
  follow (socket: Duplex, notAfter: number, stands: Followed['stands']): void {
    if (socket.destroyed) return
    const followed: Followed = { notAfter, stands, timer: undefined }
    this.#open.set(socket, followed)
    socket.once('close', () => {
      clearTimeout(followed.timer)
      this.#open.delete(socket)
    })
    this.#arm(socket, followed)
  }

  /** Judges every open socket again. */
  review (): void {
    for (const [socket, followed] of this.#open) this.#judge(socket, followed)
  }

  #arm (socket: Duplex, followed: Followed): void {
    clearTimeout(followed.timer)
    const wait = Math.max(0, Math.min(this.#recheck, followed.notAfter - this.#now()))
    followed.timer = setTimeout(() => { this.#judge(socket, followed) }, wait).unref()
  }

  #judge (socket: Duplex, followed: Followed): void {
    const take = (stands: boolean): void => {
      if (!stands) socket.destroy()
      else if (!socket.destroyed) this.#arm(socket, followed)
    }
    try {
      const stands = followed.stands()
      if (stands instanceof Promise) stands.then(take, () => { take(false) })
      else take(stands)
    } catch {
      take(false)
    }
  }
}
