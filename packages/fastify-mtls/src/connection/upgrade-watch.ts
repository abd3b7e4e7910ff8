import type { IncomingMessage } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { PeerIdentity } from '@peerkit/identity'
import { withoutQuery } from '@peerkit/identity/internal'
import type { UpgradedSockets } from '@peerkit/identity/internal'
import { PeerMissingError, ServerOptionError } from '../errors.ts'
import { answerOf, answerUpgrade } from './request-gate.ts'

const SWITCHING = 'HTTP/1.1 101'
const STATE: unique symbol = Symbol('peerkit.upgrade')

interface Upgrade { isRouted: boolean, hasSwitched: boolean }
interface Marked { [STATE]?: Upgrade }

/**
 * Decides about an upgrade, or a request, that a listener of the raw server answers. Throws what the client gets.
 * `isSilent`: a denial is not logged or counted.
 */
export type UpgradeGuard = (
  request: IncomingMessage, peer: PeerIdentity | null, isSilent: boolean
) => void | Promise<void>

/** Finds the client of a request: behind a gateway the one that it forwards. Throws if its headers are refused. */
export type Identify = (request: IncomingMessage) => PeerIdentity | null | Promise<PeerIdentity | null>

/** The listeners of upgrades: those that give the request to a route, and the others. */
export interface UpgradeListeners { readonly routing: readonly Function[], readonly foreign: readonly Function[] }

export interface UpgradeWatchOptions {
  /** The upgraded sockets of the app, which closing its server closes. */
  readonly sockets: UpgradedSockets
  readonly identify: Identify
  /** Milliseconds for the answer 101. */
  readonly timeout: number
  /** Whether only routes, and listeners under a guard, may answer. */
  readonly isStrict: () => boolean
  /** Called for an upgrade that a listener answered although no rule holds for it. */
  readonly onUnruled: (path: string) => void
}

/**
 * Upgrades, and tunnels through HTTP/2, from the request to the answer. Node releases such a socket: no timeout of the
 * server applies, and nothing closes it after a refusal. So each is closed unless it is answered with 101 in time.
 */
export class UpgradeWatch {
  readonly #options: UpgradeWatchOptions
  #guard: UpgradeGuard | undefined

  constructor (options: UpgradeWatchOptions) {
    this.#options = options
  }

  get guard (): UpgradeGuard | undefined { return this.#guard }

  /** @throws ServerOptionError if there is a guard: the last one would silently replace the others */
  set guard (guard: UpgradeGuard | undefined) {
    if (this.#guard !== undefined) {
      throw new ServerOptionError(
        'app.mtls.guardUpgrades() was called twice; expected one call with all rules: it holds for the whole server'
      )
    }
    this.#guard = guard
  }

  /** Passes an upgrade on to its listeners. */
  begin (
    request: IncomingMessage & Marked, socket: Duplex, head: Buffer, { routing, foreign }: UpgradeListeners
  ): boolean {
    const upgrade: Upgrade = { isRouted: false, hasSwitched: false }
    request[STATE] = upgrade
    const { guard } = this
    const deliver = (to: readonly Function[]): void => {
      for (const listener of to) Reflect.apply(listener, undefined, [request, socket, head])
    }
    if (guard === undefined || foreign.length === 0) {
      this.#follow(request, socket, upgrade, () => upgrade.isRouted || !this.#options.isStrict())
      deliver([...routing, ...foreign])
      return true
    }
    let isAllowed = false
    this.#follow(request, socket, upgrade, () => upgrade.isRouted || isAllowed)
    const decide = async (): Promise<void> => { await guard(request, await this.#options.identify(request), false) }
    decide().then(() => {
      isAllowed = true
      if (!socket.destroyed) deliver([...routing, ...foreign])
    }, (error: unknown) => {
      if (routing.length > 0) deliver(routing)
      else {
        upgrade.isRouted = true
        answerUpgrade(socket, answerOf(error))
      }
    })
    return true
  }

  /**
   * Follows a tunnel through HTTP/2 (extended CONNECT, RFC 8441) until it is answered. Its client leaves its own side
   * open, so a refusal would not end the stream.
   */
  followTunnel (stream: ServerHttp2Stream): void {
    this.#expectAnswer(stream, () => stream.headersSent)
    stream.once('finish', () => { if (!isSuccess(stream)) stream.close() })
  }

  #follow (request: IncomingMessage, socket: Duplex, upgrade: Upgrade, mayAnswer: () => boolean): void {
    socket.on('error', () => {})
    this.#expectAnswer(socket, () => upgrade.hasSwitched)
    onFirstWrite(socket, (chunk) => {
      if (!mayAnswer()) {
        this.#options.onUnruled(withoutQuery(request.url ?? ''))
        socket.destroy()
        return false
      }
      upgrade.hasSwitched = startsWith(chunk, SWITCHING)
      return true
    })
  }

  /** Closes a socket or stream that is not answered in time. */
  #expectAnswer (socket: Duplex, isAnswered: () => boolean): void {
    const { sockets, timeout } = this.#options
    const end = performance.now() + timeout
    sockets.addCheck(socket, {
      by: this,
      isAllowed: () => isAnswered() || performance.now() < end,
      wait: () => isAnswered() ? Infinity : end - performance.now()
    })
  }
}

function isSuccess ({ sentHeaders }: ServerHttp2Stream): boolean {
  const { ':status': status = 500 } = sentHeaders
  return Number(status) >= 200 && Number(status) < 300
}

/** Marks an upgrade as answered by a route, and closes its socket after any answer but 101. */
export function routeUpgrade (
  raw: object & Marked & { readonly socket?: { destroySoon? (): void } | null },
  response: { once (event: 'finish', listener: () => void): unknown }
): void {
  const upgrade = raw[STATE]
  if (upgrade === undefined || upgrade.isRouted) return
  upgrade.isRouted = true
  const { socket } = raw
  response.once('finish', () => { if (!upgrade.hasSwitched) socket?.destroySoon?.() })
}

/** The guard `'authenticated'`: every client with an accepted certificate. */
export function requirePeer (_request: IncomingMessage, peer: PeerIdentity | null): void {
  if (peer === null) throw new PeerMissingError()
}

type Method = (...args: unknown[]) => unknown

/** Calls back with the first bytes that are written, before they are: whether they may be. */
function onFirstWrite (socket: Duplex, decide: (chunk: unknown) => boolean): void {
  const own = socket as unknown as { write?: Method, end?: Method }
  let isDecided = false
  for (const name of ['write', 'end'] as const) {
    own[name] = (...args: unknown[]): unknown => {
      delete own.write
      delete own.end
      if (!isDecided) {
        isDecided = true
        if (!decide(args[0])) return name === 'end' ? socket : false
      }
      return (own[name] as Method).apply(socket, args)
    }
  }
}

function startsWith (chunk: unknown, text: string): boolean {
  const head = typeof chunk === 'string'
    ? chunk
    : chunk instanceof Uint8Array ? Buffer.from(chunk.subarray(0, text.length)).toString('latin1') : ''
  return head.startsWith(text)
}
