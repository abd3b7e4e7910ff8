import type { Socket } from 'node:net'
import { closeUpgrade } from '@peerkit/identity/internal'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { announceRefusal, authorizeRequest, peerOf } from './authorize-request.ts'
import { authorizeRoute } from './authorize-route.ts'
import type { RoutePolicy } from './authorize-route.ts'

/**
 * The clients with an open WebSocket. They send no further requests, so they are checked again when rules are reloaded.
 */
export class UpgradedClients {
  // One request per socket, so that repeated requests on one socket cannot grow the map.
  readonly #requests = new Map<Socket, FastifyRequest>()

  /** Remembers a request until its socket closes. */
  add (request: FastifyRequest): void {
    const { socket } = request.raw
    if (!this.#requests.has(socket)) socket.once('close', () => { this.#requests.delete(socket) })
    this.#requests.set(socket, request)
  }

  forget ({ raw }: FastifyRequest): void { this.#requests.delete(raw.socket) }

  /** Closes the sockets of clients that are no longer allowed. */
  authorizeAgain (policyOf: (request: FastifyRequest) => RoutePolicy): void {
    for (const [socket, request] of this.#requests) {
      const end = (rules: string | undefined): void => {
        announceRefusal(request, 'enforce', {
          peer: peerOf(request), reason: 'rules_changed', rules, rule: undefined, group: undefined, nearest: undefined
        })
        socket.destroy()
      }
      Promise.resolve(authorizeRoute(policyOf(request).route, peerOf(request), request)).then(({ denied }) => {
        if (denied !== undefined) end(denied.requirement.origin)
      }).catch(() => { end(undefined) })
    }
  }
}

export function asksForWebSocket (request: FastifyRequest): boolean {
  const { upgrade } = request.raw.headers
  // An injected request has no socket, or none that closes.
  return upgrade !== undefined && upgrade.toLowerCase() === 'websocket' &&
    typeof request.raw.socket?.once === 'function'
}

/** Authorizes a request for a WebSocket, and closes its socket after a denial. */
export async function authorizeWebSocket (
  request: FastifyRequest,
  reply: FastifyReply,
  policyOf: (request: FastifyRequest) => RoutePolicy,
  upgraded: UpgradedClients
): Promise<void> {
  // Added before the check, so that a reload misses no request that the old rules allow.
  upgraded.add(request)
  try {
    await authorizeRequest(request, policyOf)
  } catch (error) {
    upgraded.forget(request)
    closeUpgrade(request, reply)
    throw error
  }
}
