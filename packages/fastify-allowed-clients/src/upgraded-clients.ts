import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { announceRefusal, guardRequest, peerOf } from './guard-request.ts'
import { judgeRoute } from './judge-route.ts'
import type { RouteJudge } from './judge-route.ts'

/** Clients that were let in to open a WebSocket. No further request brings them back to the guard, so that reloaded rules must go to them. */
export class UpgradedClients {
  // One request a socket: whoever keeps asking on the same one cannot make this grow.
  readonly #requests = new Map<Socket, FastifyRequest>()

  /** Remembers a request until its socket closes. */
  add (request: FastifyRequest): void {
    const { socket } = request.raw
    if (!this.#requests.has(socket)) socket.once('close', () => { this.#requests.delete(socket) })
    this.#requests.set(socket, request)
  }

  forget ({ raw }: FastifyRequest): void { this.#requests.delete(raw.socket) }

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

export function asksForWebSocket (request: FastifyRequest): boolean {
  const { upgrade } = request.raw.headers
  // What a test made up has no socket, or none that closes.
  return upgrade !== undefined && upgrade.toLowerCase() === 'websocket' && typeof request.raw.socket?.once === 'function'
}

/** Guards a request that asks for a WebSocket. Node has given its socket away by then: after a refusal nobody but us would close it, and no timeout of the server's watches it. */
export async function admitWebSocket (request: FastifyRequest, reply: FastifyReply, judgeOf: (request: FastifyRequest) => RouteJudge, upgraded: UpgradedClients): Promise<void> {
  const { socket } = request.raw
  // Before it is judged: a reload must miss no request that the old rules let in.
  upgraded.add(request)
  try {
    await guardRequest(request, judgeOf)
  } catch (error) {
    upgraded.forget(request)
    reply.header('connection', 'close')
    reply.raw.once('finish', () => { socket.destroySoon() })
    throw error
  }
}
