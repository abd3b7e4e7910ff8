import type { Duplex } from 'node:stream'
import { LONGEST_TIMER } from './timers.ts'

/**
 * Long waits are rounded down to a multiple of this, and the rest is waited for afterwards. Node keeps one list per
 * timer duration, and certificates expire at any millisecond.
 */
const WAIT_STEP = 10_000

/** Decides whether an upgraded socket may stay open. */
export interface SocketCheck {
  /** The object that makes the check. It can ask for all its checks with `review`. */
  readonly by: object
  /** Whether the socket may stay open. If it throws or rejects, the socket is closed. */
  readonly isAllowed: () => boolean | Promise<boolean>
  /** Milliseconds until the socket is checked again. Default: only `review` checks it again. */
  readonly wait?: () => number
}

/** A check that was added to a socket. */
export interface AddedCheck {
  /** Asks `wait` again, since something changed. */
  arm (): void
  /** Removes the check. The socket stays open. */
  remove (): void
  /** Closes the socket. */
  close (): void
}

interface Entry extends SocketCheck { timer: NodeJS.Timeout | undefined }

/**
 * The upgraded sockets (WebSockets) of a server. They send no further requests, so nothing that is done for a request
 * reaches them. Each plugin adds its checks here; one that says no closes the socket.
 */
export class UpgradedSockets {
  readonly #open = new Map<Duplex, Set<Entry>>()
  #isClosed = false

  get size (): number { return this.#open.size }

  /** Closes the socket with the server, if nothing else does. */
  add (socket: Duplex): void {
    this.#entriesOf(socket)
  }

  /** Checks a socket until it closes. */
  addCheck (socket: Duplex, check: SocketCheck): AddedCheck {
    const entries = this.#entriesOf(socket)
    const entry: Entry = { ...check, timer: undefined }
    entries.add(entry)
    this.#arm(socket, entry)
    return {
      arm: () => { this.#arm(socket, entry) },
      remove: () => {
        clearTimeout(entry.timer)
        entries.delete(entry)
      },
      close: () => { socket.destroy() }
    }
  }

  /** Makes all checks of a plugin now. */
  review (by: object): void {
    for (const [socket, entries] of this.#open) {
      for (const entry of entries) if (entry.by === by) this.#check(socket, entry)
    }
  }

  /** Closes all sockets, and from now on every one that is added. */
  closeAll (): void {
    this.#isClosed = true
    for (const socket of this.#open.keys()) socket.destroy()
  }

  #entriesOf (socket: Duplex): Set<Entry> {
    const known = this.#open.get(socket)
    if (known !== undefined) return known
    const entries = new Set<Entry>()
    if (this.#isClosed) socket.destroy()
    if (socket.destroyed) return entries
    this.#open.set(socket, entries)
    socket.once('close', () => {
      this.#open.delete(socket)
      for (const { timer } of entries) clearTimeout(timer)
    })
    return entries
  }

  #arm (socket: Duplex, entry: Entry): void {
    clearTimeout(entry.timer)
    if (entry.wait === undefined || this.#open.get(socket)?.has(entry) !== true) return
    const wait = Math.max(0, Math.min(entry.wait(), LONGEST_TIMER))
    const delay = wait > 2 * WAIT_STEP ? wait - wait % WAIT_STEP : wait
    entry.timer = setTimeout(() => { this.#check(socket, entry) }, delay).unref()
  }

  #check (socket: Duplex, entry: Entry): void {
    const take = (isAllowed: boolean): void => {
      // It may have been removed in the meantime.
      if (this.#open.get(socket)?.has(entry) !== true) return
      if (isAllowed) this.#arm(socket, entry)
      else socket.destroy()
    }
    try {
      const isAllowed = entry.isAllowed()
      if (typeof isAllowed === 'boolean') take(isAllowed)
      else Promise.resolve(isAllowed).then(take, () => { take(false) })
    } catch {
      take(false)
    }
  }
}

/** Registered, so that two copies of this package share the registry of a server. */
const SOCKETS: unique symbol = Symbol.for('peerkit.upgradedSockets')

/** The part of an HTTP server that is used. */
interface ClosableServer { close (...args: any[]): unknown, [SOCKETS]?: UpgradedSockets }

/**
 * Returns the registry of a server; all plugins of an app get the same one. Closing the server closes the sockets that
 * are still open then: Node would wait for them. Plugins such as `@fastify/websocket` close theirs before.
 *
 * @param sockets the registry to use if the server has none yet. Default: a new one
 */
export function upgradedSocketsOf (server: object, sockets: UpgradedSockets = new UpgradedSockets()): UpgradedSockets {
  const holder = server as ClosableServer
  const known = holder[SOCKETS]
  if (known !== undefined) return known
  const { close } = holder
  Object.defineProperty(holder, SOCKETS, { value: sockets })
  holder.close = function (this: unknown, ...args: any[]) {
    const result: unknown = close.apply(this, args)
    sockets.closeAll()
    return result
  }
  return sockets
}

/** The parts of a Fastify request and reply that are used. */
interface UpgradeRequest {
  readonly raw: {
    readonly headers: { readonly upgrade?: string | undefined }
    readonly socket: { destroySoon? (): void }
  }
}
interface UpgradeReply {
  header (name: string, value: string): unknown
  readonly raw: { once (event: 'finish', listener: () => void): unknown }
}

/**
 * Closes the socket of a refused request after the answer, if the request asks for an upgrade. Node has released that
 * socket: nothing else would close it, and no timeout of the server applies.
 */
export function closeUpgrade ({ raw }: UpgradeRequest, reply: UpgradeReply): void {
  const { socket } = raw
  // An injected request has no socket to close.
  if (raw.headers.upgrade === undefined || typeof socket?.destroySoon !== 'function') return
  reply.header('connection', 'close')
  reply.raw.once('finish', () => { socket.destroySoon?.() })
}
