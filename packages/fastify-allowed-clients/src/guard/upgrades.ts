import type { Duplex } from 'node:stream'
import { closeUpgrade, upgradedSocketsOf } from '@peerkit/identity/internal'
import type { AddedCheck, UpgradedSockets } from '@peerkit/identity/internal'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RoutePolicy } from '../policy/route-requirements.ts'
import { announceDenial } from './announce-denial.ts'
import { authorizeRequest, peerOf } from './authorize-request.ts'
import { authorizeRoute } from './authorize-route.ts'

/**
 * Checks the clients with an open WebSocket. They send no further requests, so they are checked again when rules are
 * reloaded, and when a rule begins or ends.
 */
export class UpgradedClients {
  readonly #sockets: UpgradedSockets
  readonly #policyOf: (request: FastifyRequest) => RoutePolicy
  /** One check per socket, so that repeated requests on one socket cannot add any number. */
  readonly #checks = new WeakMap<object, AddedCheck>()
  /** The checks of sockets that a listener of the raw server may answer. */
  readonly #guarded = new WeakMap<object, AddedCheck>()

  /** @param policyOf returns the policy of a request's route under the current rules */
  constructor (server: object, policyOf: (request: FastifyRequest) => RoutePolicy) {
    this.#sockets = upgradedSocketsOf(server)
    this.#policyOf = policyOf
  }

  /** Checks the client of a request until its socket closes. */
  add (request: FastifyRequest): void {
    const { socket } = request.raw
    this.#checks.get(socket)?.remove()
    this.#checks.set(socket, this.#sockets.addCheck(socket, {
      by: this,
      isAllowed: async () => await this.#isAllowed(request),
      // A rule may begin or end while the socket is open.
      wait: () => Math.min(...this.#policyOf(request).route.requirements.map(({ policy }) => policy.left))
    }))
  }

  forget ({ raw }: FastifyRequest): void { this.#checks.get(raw.socket)?.remove() }

  /**
   * Checks the client of a socket that a listener of the raw server may answer, until the socket closes or a route
   * takes it.
   *
   * @param left the time until a rule begins or ends, in milliseconds
   */
  addGuarded (socket: Duplex, isAllowed: () => Promise<boolean>, left: () => number): void {
    this.forgetGuarded(socket)
    this.#guarded.set(socket, this.#sockets.addCheck(socket, { by: this, isAllowed, wait: left }))
  }

  forgetGuarded (socket: Duplex): void { this.#guarded.get(socket)?.remove() }

  /** Closes the sockets of clients that are no longer allowed. */
  review (): void { this.#sockets.review(this) }

  async #isAllowed (request: FastifyRequest): Promise<boolean> {
    const refuse = (rules: string | undefined): false => {
      announceDenial(request, 'enforce', {
        peer: peerOf(request), reason: 'rules_changed', rules, rule: undefined, group: undefined, nearest: undefined
      })
      return false
    }
    try {
      const { denied } = await authorizeRoute(this.#policyOf(request).route, peerOf(request), request)
      return denied === undefined || refuse(denied.requirement.origin)
    } catch {
      return refuse(undefined)
    }
  }
}

/** Whether a request asks for an upgrade, to a WebSocket or to any other protocol. */
export function asksForUpgrade ({ raw: { headers, socket } }: FastifyRequest): boolean {
  // An injected request has no socket, or none that closes.
  return headers.upgrade !== undefined && typeof socket?.once === 'function'
}

/**
 * Authorizes a request for an upgrade, and closes its socket after a denial. The client of a WebSocket is checked again
 * when rules change.
 */
export async function authorizeUpgrade (
  request: FastifyRequest,
  reply: FastifyReply,
  policyOf: (request: FastifyRequest) => RoutePolicy,
  upgraded: UpgradedClients
): Promise<void> {
  const isWebSocket = request.raw.headers.upgrade?.toLowerCase() === 'websocket'
  // Added before the check, so that a reload misses no request that the old rules allow.
  if (isWebSocket) upgraded.add(request)
  try {
    await authorizeRequest(request, policyOf)
    // The rules of the route hold from now on, and not those of app.mtls.guardUpgrades().
    if (!request.is404) upgraded.forgetGuarded(request.raw.socket)
  } catch (error) {
    if (isWebSocket) upgraded.forget(request)
    closeUpgrade(request, reply)
    throw error
  }
}
