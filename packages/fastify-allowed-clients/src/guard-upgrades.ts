import { GUARD_UPGRADES } from '@peerkit/identity/internal'
import type { PeerIdentity } from '@peerkit/identity'
import type { FastifyInstance } from 'fastify'
import { authorizeRoute } from './authorize-route.ts'
import type { RoutePolicy } from './authorize-route.ts'
import { MTLS_ERR_ALLOWED_CLIENTS_OPTION, ClientNotAllowedError, ClientUnidentifiedError } from './errors.ts'

type Guard = (request: object, peer: PeerIdentity | null) => void | Promise<void>

/** Checks rules for upgrades that a listener of the raw server answers. @throws MTLS_ERR_ALLOWED_CLIENTS_OPTION */
export function guardUpgrades (app: FastifyInstance, policyOf: () => RoutePolicy): void {
  const { [GUARD_UPGRADES]: setGuard } = app.server as { [GUARD_UPGRADES]?: (guard: Guard) => void }
  if (setGuard === undefined) {
    throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION(
      'app.mtls.guardUpgrades() was called on an app whose server withMtls did not make; expected withMtls(credentials)'
    )
  }
  setGuard(async (request, peer) => {
    const { route, counts } = policyOf()
    const { denied } = await authorizeRoute(route, peer, undefined)
    if (denied === undefined) {
      counts.allowed++
      return
    }
    counts.denied++
    const { url = '', socket } = request as { url?: string, socket?: { remoteAddress?: string } }
    app.log.warn({
      reason: denied.answer.reason,
      rules: denied.requirement.origin,
      peer: peer?.toString(),
      fingerprint256: peer?.fingerprint256,
      path: url.split(/[?;]/, 1)[0],
      remoteAddress: socket?.remoteAddress
    }, 'client denied')
    throw peer === null ? new ClientUnidentifiedError() : new ClientNotAllowedError()
  })
}
