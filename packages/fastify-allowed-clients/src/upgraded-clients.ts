import type { FastifyRequest } from 'fastify'
import { announceRefusal, peerOf } from './guard-request.ts'
import { judgeRoute } from './judge-route.ts'
import type { RouteJudge } from './judge-route.ts'

/** WebSockets that were let in. No further request brings them back to the guard, so that reloaded rules must go to them. */
export class UpgradedClients {
  readonly #requests = new Set<FastifyRequest>()

  /** Remembers a request that may become a WebSocket, until its socket closes. */
  add (request: FastifyRequest): void {
    const { socket } = request.raw
    if (request.raw.headers.upgrade === undefined || typeof socket?.once !== 'function') return
    this.#requests.add(request)
    socket.once('close', () => { this.#requests.delete(request) })
  }

  /** Ends the sockets of those who are no longer allowed. */
  judgeAgain (judgeOf: (request: FastifyRequest) => RouteJudge): void {
    for (const request of this.#requests) {
      // Set by @fastify/websocket; an upgrade that was asked for and not granted is an ordinary request.
      if ((request as FastifyRequest & { ws?: boolean }).ws !== true) continue
      Promise.resolve(judgeRoute(judgeOf(request).route, peerOf(request), request)).then(({ denied }) => {
        if (denied !== undefined) this.#end(request, denied.requirement.origin)
      }, () => { this.#end(request, undefined) })
    }
  }

  #end (request: FastifyRequest, rules: string | undefined): void {
    announceRefusal(request, 'enforce', { peer: peerOf(request), reason: 'rules_changed', rules, rule: undefined, group: undefined, nearest: undefined })
    request.raw.socket.destroy()
  }
}
