import type { IncomingMessage } from 'node:http'
import type { PeerIdentity } from '@peerkit/identity'
import { GUARD_UPGRADES, withoutQuery } from '@peerkit/identity/internal'
import type { FastifyInstance } from 'fastify'
import { AllowedClientsOptionError } from '../errors.ts'
import type { RoutePolicy } from '../policy/route-requirements.ts'
import { denialFor } from './announce-denial.ts'
import { authorizeRoute } from './authorize-route.ts'
import type { UpgradedClients } from './upgrades.ts'

type Guard = (request: object, peer: PeerIdentity | null, isSilent: boolean) => void | Promise<void>

/**
 * Checks rules for upgrades, and for requests, that a listener of the raw server answers. A client with an open socket
 * is checked again when rules change.
 *
 * @param policyOf returns the policy under the current rules
 * @throws AllowedClientsOptionError
 */
export function guardUpgrades (app: FastifyInstance, policyOf: () => RoutePolicy, upgraded: UpgradedClients): void {
  const { [GUARD_UPGRADES]: setGuard } = app.server as { [GUARD_UPGRADES]?: (guard: Guard) => void }
  if (setGuard === undefined) {
    throw new AllowedClientsOptionError(
      'app.mtls.guardUpgrades() was called on an app whose server withMtls did not make; expected withMtls(credentials)'
    )
  }
  setGuard(async (request, peer, isSilent) => {
    if (isSilent) {
      const { denied } = await authorizeRoute(policyOf().route, peer, undefined)
      if (denied !== undefined) throw denialFor(peer)
      return
    }
    const asked = { request: request as IncomingMessage, peer }
    // Added before the check, so that a reload misses no request that the old rules allow.
    follow(app, asked, policyOf, upgraded)
    try {
      await decide(app, asked, policyOf())
    } catch (error) {
      upgraded.forgetGuarded(asked.request.socket)
      throw error
    }
  })
}

interface Asked { readonly request: IncomingMessage, readonly peer: PeerIdentity | null }

async function decide (app: FastifyInstance, asked: Asked, { route, counts }: RoutePolicy): Promise<void> {
  const { denied } = await authorizeRoute(route, asked.peer, undefined)
  if (denied === undefined) {
    counts.allowed++
    return
  }
  counts.denied++
  logDenied(app, asked, denied.answer.reason, denied.requirement.origin)
  throw denialFor(asked.peer)
}

function follow (app: FastifyInstance, asked: Asked, policyOf: () => RoutePolicy, upgraded: UpgradedClients): void {
  const isAllowed = async (): Promise<boolean> => {
    let rules: string | undefined
    try {
      const { denied } = await authorizeRoute(policyOf().route, asked.peer, undefined)
      if (denied === undefined) return true
      rules = denied.requirement.origin
    } catch {
      // Rules that cannot be asked allow nobody.
    }
    logDenied(app, asked, 'rules_changed', rules)
    return false
  }
  const left = (): number => Math.min(...policyOf().route.requirements.map(({ policy }) => policy.left))
  upgraded.addGuarded(asked.request.socket, isAllowed, left)
}

function logDenied (
  app: FastifyInstance, { request: { url = '', socket }, peer }: Asked, reason: string, rules: string | undefined
): void {
  app.log.warn({
    reason,
    rules,
    peer: peer?.toString(),
    fingerprint256: peer?.fingerprint256,
    path: withoutQuery(url),
    remoteAddress: socket.remoteAddress
  }, 'client denied')
}
