import type { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { announceRefusal, peerOf } from './guard-request.ts'
import { judgeRoute } from './judge-route.ts'
import type { RouteJudge } from './judge-route.ts'

/** Clients that were let in to open a WebSocket. No further request brings them back to the guard, so that reloaded rules must go to them. */
export class UpgradedClients {
  // One request a socket: whoever keeps asking on the same one cannot make this grow.
  readonly #requests = new Map<Socket, FastifyRequest>()

  /** Remembers a request that asks for a WebSocket, until its socket closes. */
  add (request: FastifyRequest): void {
    const { upgrade } = request.raw.headers
    if (upgrade === undefined || upgrade.toLowerCase() !== 'websocket') return
    const { socket } = request.raw
    // A request that was made up by a test has no socket, or none that closes.
    if (typeof socket?.once !== 'function') return
    if (!this.#requests.has(socket)) socket.once('close', () => { this.#requests.delete(socket) })
    this.#requests.set(socket, request)
  }

  /** Ends the sockets of those who are no longer allowed. */
  judgeAgain (judgeOf: (request: FastifyRequest) => RouteJudge): void {
    for (const [socket, request] of this.#requests) {
      const end = (rules: string | undefined): void => {
        announceRefusal(request, 'enforce', { peer: peerOf(request), reason: 'rules_changed', rules, rule: undefined, group: undefined, nearest: undefined })
        socket.destroy()
      }
      Promise.resolve(judgeRoute(judgeOf(request).route, peerOf(request), request)).then(({ denied }) => {
        if (denied !== undefined) end(denied.requirement.origin)
      }).catch(() => { end(undefined) })
    }
  }
}
