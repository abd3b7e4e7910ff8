import { IS_PREFLIGHT, IS_PUBLIC, REQUIRES_CERTIFICATE, readSymbol } from '@peerkit/identity/internal'
import type { FastifyInstance } from 'fastify'
import { AllowedClientsOptionError, PluginOrderError } from '../errors.ts'
import { isRoot, printEarlierRoutes } from '../fastify-internals.ts'
import { isClosed } from '../policy/list-routes.ts'
import type { RoutePolicy } from '../policy/route-requirements.ts'
import type { RouteTable } from '../policy/route-table.ts'

/** @throws PluginOrderError */
export function checkPlace (app: FastifyInstance): void {
  if (!isRoot(app)) {
    throw new PluginOrderError(
      'it was registered in an encapsulated plugin; register it on the root instance, or wrap every plugin around it ' +
        'with fastify-plugin. With fastify-cli these are app.js and the files of plugins/: ' +
        'export default fp(async (app, opts) => { … })'
    )
  }
  if (!app.hasRequestDecorator('peer') || !app.hasRequestDecorator('optionalPeer')) {
    throw new PluginOrderError(
      'no plugin identifies the clients yet; register @peerkit/fastify-mtls first, and await it. With ' +
        '@fastify/autoload, register both in one file'
    )
  }
  if (IS_PUBLIC in app) {
    throw new PluginOrderError(
      'it was registered twice; expected one registration with all options, and app.mtls.allow() for parts of the app'
    )
  }
  const tree = printEarlierRoutes(app)
  // Earlier routes have already passed the onRoute hooks, so their rules were never read.
  if (tree !== undefined) {
    throw new PluginOrderError(
      'these routes were added before it; register it first, and await it. With @fastify/autoload, name its plugin ' +
        `in the dependencies of the plugins that add them. With NestJS, register it before app.init():\n${tree}`
    )
  }
}

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
 * @throws AllowedClientsOptionError
 */
export function checkRegisterOptions (registered: readonly Registered[], table: RouteTable): void {
  for (const { instance, key } of registered) {
    if (table.hasRulesWithin(instance)) continue
    throw new AllowedClientsOptionError(
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
 * @throws AllowedClientsOptionError
 */
export function checkMiddleware (app: FastifyInstance, missing: RoutePolicy): void {
  const host = hasMiddleware(app)
  if (host === undefined || isClosed(missing)) return
  const rules = missing.route.requirements.map(({ origin }) => origin).join(' and ')
  throw new AllowedClientsOptionError(
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

/** Logs the routes without rules at the start, before a client gets 403. */
export function reportClosed (app: FastifyInstance, table: RouteTable): void {
  const answersPreflights = IS_PREFLIGHT in app
  const isForPreflights = ({ route: { site: { methods, url } } }: RoutePolicy): boolean =>
    answersPreflights && methods.every((method) => method === 'OPTIONS') && url.endsWith('*')
  const closed = table.list().filter(({ policy }) => isClosed(policy) && !isForPreflights(policy))
    .flatMap(({ policy: { route: { site } } }) => site.methods.map((method) => `${method} ${site.url}`))
  if (closed.length > 0) app.log.warn({ routes: closed }, 'routes without access rules answer 403 to every client')
}
