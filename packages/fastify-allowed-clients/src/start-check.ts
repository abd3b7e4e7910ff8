import { REQUIRES_CERTIFICATE } from '@peerkit/identity/internal'
import type { FastifyInstance } from 'fastify'
import type { RoutePolicy } from './authorize-route.ts'
import { MTLS_ERR_ALLOWED_CLIENTS_OPTION } from './errors.ts'
import { readSymbol } from './fastify-internals.ts'
import { isClosed } from './list-routes.ts'
import type { RouteTable } from './route-table.ts'

const ROUTE_KEYS = ['allowedClients', 'allowedClientsMode'] as const

/** A plugin that was registered with the option of a route. */
export interface Registered { readonly instance: FastifyInstance, readonly key: typeof ROUTE_KEYS[number] }

/** Whether the server refuses clients without a certificate in the handshake. */
export function serverRequiresCertificate ({ server }: Pick<FastifyInstance, 'server'>): boolean {
  const requires = (server as { [REQUIRES_CERTIFICATE]?: unknown })[REQUIRES_CERTIFICATE]
  return typeof requires === 'function' && requires.call(server) === true
}

/** Collects plugins that get `allowedClients` as an option of `app.register`. */
export function watchRegisterOptions (app: FastifyInstance): readonly Registered[] {
  const registered: Registered[] = []
  app.addHook('onRegister', (instance, options: object) => {
    for (const key of ROUTE_KEYS) if (Object.hasOwn(options, key)) registered.push({ instance, key })
  })
  return registered
}

/**
 * Refuses `app.register(plugin, { allowedClients })` if the plugin makes no rules of it: Fastify ignores the option. A
 * plugin may read it and give it to its routes.
 *
 * @throws MTLS_ERR_ALLOWED_CLIENTS_OPTION
 */
export function checkRegisterOptions (registered: readonly Registered[], table: RouteTable): void {
  for (const { instance, key } of registered) {
    if (table.hasRulesWithin(instance)) continue
    throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION(
      `app.register() of the plugin with the prefix "${instance.prefix}" got the option ${key}, which has no effect; ` +
        'expected app.mtls.allow(…) inside the plugin, or config on its routes'
    )
  }
}

/**
 * Refuses rules for unknown URLs beside Express or middie. Their middleware answers requests that no route matches, so
 * rules that are meant for a 404 would open all of it.
 *
 * @param missing the policy of requests that no route matches
 * @throws MTLS_ERR_ALLOWED_CLIENTS_OPTION
 */
export function checkMiddleware (app: FastifyInstance, missing: RoutePolicy): void {
  const host = hasMiddleware(app)
  if (host === undefined || isClosed(missing)) return
  const rules = missing.route.requirements.map(({ origin }) => origin).join(' and ')
  throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION(
    `${rules === '' ? "notFoundRules or defaultRules 'public'" : rules}: these rules also decide who reaches the ` +
      `middleware that ${host} mounts, because no route matches its URLs; expected no notFoundRules and no ` +
      "defaultRules, or the option middleware: 'notFoundRules' if that is meant"
  )
}

/** Who mounts middleware in the app, if anyone does. */
function hasMiddleware (app: FastifyInstance): string | undefined {
  if (app.hasDecorator('express')) return '@fastify/express'
  if (!app.hasDecorator('use')) return undefined
  // NestJS always registers middie. If its list can be read and is empty, nothing is mounted.
  const mounted = readSymbol(app, 'fastify-middie-middlewares')
  return Array.isArray(mounted) && mounted.length === 0 ? undefined : '@fastify/middie'
}
