import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { joinApp } from '@peerkit/events'
import { isPeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { IS_PREFLIGHT, IS_PUBLIC, addToApp, checkOption, required, valueOf } from '@peerkit/identity/internal'
import type { Groups } from '@peerkit/rules'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest, onRouteHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import type { AllowedClientsControl, EvaluatedRoute } from './app-control.ts'
import { AllowedClientsOptionError } from './errors.ts'
import { peerOf } from './guard/authorize-request.ts'
import { guardUpgrades } from './guard/guard-upgrades.ts'
import { addAuthorization, watchEarlierPlugins } from './guard/hook-order.ts'
import {
  checkMiddleware, checkPlace, checkRegisterOptions, reportClosed, serverRequiresCertificate, watchRegisterOptions
} from './guard/start-check.ts'
import { decoratePeerGroups } from './guard/peer-groups.ts'
import { UpgradedClients } from './guard/upgrades.ts'
import { completeDocuments, markRoutes } from './openapi/openapi-document.ts'
import { checkPluginOptions } from './plugin-options.ts'
import type {
  AllowedClients, FastifyAllowedClientsOptions, GroupName, Mode, ScopeOptions, WatchOptions
} from './plugin-options.ts'
import { authoritiesOf, clockOf, CompiledPolicy, watchAuthorities } from './policy/compiled-policy.ts'
import { copyRules } from './policy/declarations.ts'
import { listRoute, printRoutes } from './policy/list-routes.ts'
import type { AccessPreview, ListedRoute } from './policy/list-routes.ts'
import type { RoutePolicy } from './policy/route-requirements.ts'
import { RouteTable } from './policy/route-table.ts'
import { nameScope } from './policy/scopes.ts'
import { PLACES } from './rules-file/reading-places.ts'
import type { ReadingPlaces } from './rules-file/reading-places.ts'
import type { RulesFileSource } from './rules-file/rules-file-source.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Which clients may call this route. */
    allowedClients?: AllowedClients
    /**
     * `report-only` lets requests pass that this route's own rules would deny, those of an overridable scope, and the
     * default rules if the route has no others.
     */
    allowedClientsMode?: Mode
  }
  interface FastifyMtlsApp extends AllowedClientsControl {
    // Declared here too: fastify-mtls has a form of it without rules, and forms are only added to each other.
    guardUpgrades (rules: AllowedClients): void
  }
  interface FastifyRequest {
    /**
     * The groups that the client is in: those of which a rule matches, and the one by which a function let this request
     * pass. Empty for a client without a certificate. Functions are not called for it.
     */
    readonly peerGroups: readonly GroupName[]
  }
  interface FastifyInstance {
    /**
     * Everything that the plugins of this suite add to an app. Read it from the instance (scope) that it is to apply
     * to.
     */
    readonly mtls: FastifyMtlsApp
  }
}

const PEER = required(valueOf(
  'a PeerIdentity of parsePeerIdentity or createPartialIdentity, or null for a client without a certificate',
  (peer) => peer === null || isPeerIdentity(peer)
))

/** What a server that requires certificates answers a client without one: the request never gets to a rule. */
const REFUSED_BY_HANDSHAKE: AccessPreview = {
  outcome: 'denied',
  requirements: [{ rules: 'handshake', mode: 'enforce', outcome: 'denied', explain: () => undefined }]
}

const allowedClients: FastifyPluginAsync<FastifyAllowedClientsOptions> = async (app, options) => {
  checkPluginOptions(options)
  checkPlace(app)
  const { defaultRules, notFoundRules, mode = 'enforce', redactFound = 'email', openapi = true } = options
  const groups = copyRules((options.groups ?? {}) as Groups)
  const authorities = authoritiesOf(app)
  const code = { groups, defaultRules: copyRules(defaultRules) }
  const now = clockOf(app)
  const { log } = app
  const { file, onReload } = options
  const { [PLACES]: places } = options as { readonly [PLACES]?: ReadingPlaces }
  const fileSource = file === undefined
    ? undefined
    : await openRulesFile(pathOf(file), code, { log, server: app.server, authorities, now, onReload, places })
  const warn = (path: string, warning: string): void => { log.warn({ path }, warning) }
  const compiled = fileSource === undefined
    ? new CompiledPolicy(groups, defaultRules, undefined, { authorities, now, warn })
    : await fileSource.load()
  const requiresCertificate = (): boolean => serverRequiresCertificate(app)
  const table = new RouteTable({ mode, notFoundRules, redactFound, requiresCertificate }, compiled)
  const upgraded = new UpgradedClients(app.server, (request) => policyOf(table, request))

  const onRoute: onRouteHookHandler = function (route) {
    table.addRoute(this, route)
    if (openapi) completeDocuments(app)
  }
  app.addHook('onRoute', onRoute)
  watchEarlierPlugins(app, onRoute)
  const registered = watchRegisterOptions(app)
  await addAuthorization(app, (request) => policyOf(table, request), upgraded)
  decorate(app, table, upgraded, fileSource)
  decoratePeerGroups(app, (request) => table.groupsOf(peerOf(request), request))

  app.addHook('onReady', async () => {
    table.seal()
    checkRegisterOptions(registered, table)
    if (options.middleware === undefined) checkMiddleware(app, table.policyOfMissing(app))
    if (openapi) {
      await completeDocuments(app)
      markRoutes(table.list())
    }
    reportClosed(app, table)
    await fileSource?.start((next) => {
      const apply = table.prepare(next)
      return () => {
        apply()
        upgraded.review()
      }
    }, watchOptions(options.watch))
  })
  const unwatch = watchAuthorities(app, () => {
    const report = (path: string, text: string): void => {
      log.warn({ path }, `after a change of the authorities: ${text}`)
    }
    if (fileSource === undefined) table.recheck(report, undefined)
    else fileSource.recheck(report, (opened) => { table.recheck(report, opened) })
  })
  const leave = joinApp(app.server)
  app.addHook('onClose', async () => {
    unwatch()
    await fileSource?.close()
    leave()
  })
}

/** Set by fastify-mtls. */
interface PreflightApp { readonly [IS_PREFLIGHT]?: (request: FastifyRequest) => boolean }

function policyOf (table: RouteTable, request: FastifyRequest): RoutePolicy {
  if ((request.server as PreflightApp)[IS_PREFLIGHT]?.(request) === true) return table.preflights
  return request.is404 ? table.policyOfMissing(request.server) : table.policyOf(request.routeOptions.config)
}

/** Each member of `app.mtls`, for the instance that it is read from. */
type Members = {
  readonly [name in keyof AllowedClientsControl]: (instance: FastifyInstance) => AllowedClientsControl[name]
}

function decorate (
  app: FastifyInstance, table: RouteTable, upgraded: UpgradedClients, fileSource: RulesFileSource | undefined
): void {
  const routes = (): readonly ListedRoute[] => table.list().map(({ policy }) => listRoute(policy))
  const addScope = (
    instance: FastifyInstance, rules: { readonly value: unknown } | undefined, options: ScopeOptions
  ): void => {
    table.addScope(instance, nameScope(instance), rules, options)
  }
  const evaluate = (peer: PeerIdentity | null): readonly EvaluatedRoute[] => {
    checkOption(peer, PEER, 'the peer of app.mtls.evaluate(peer)', AllowedClientsOptionError)
    return routes().map((route) => ({
      methods: route.methods,
      url: route.url,
      ...(peer === null && serverRequiresCertificate(app) ? REFUSED_BY_HANDSHAKE : route.evaluate(peer))
    }))
  }
  const members: Members = {
    allow: (instance) => (rules, options = {}) => { addScope(instance, { value: rules }, options) },
    guardUpgrades: () => (rules) => { guardUpgrades(app, table.policyOfUpgrades(rules), upgraded) },
    setMode: (instance) => (mode) => { addScope(instance, undefined, { mode }) },
    routes: () => routes,
    printRoutes: () => () => printRoutes(routes()),
    evaluate: () => evaluate,
    reload: () => async () => { await fileSource?.reload() },
    rulesVersion: () => fileSource?.generation ?? 0
  }
  addToApp(app, members)
  const isPublic = (request: FastifyRequest): boolean => policyOf(table, request).route.requirements.length === 0
  Object.defineProperty(app, IS_PUBLIC, { value: isPublic })
}

/** Loads the YAML parser, which takes long, only for apps with a rules file. */
async function openRulesFile (...given: ConstructorParameters<typeof RulesFileSource>): Promise<RulesFileSource> {
  const { RulesFileSource: Source } = await import('./rules-file/rules-file-source.ts')
  return new Source(...given)
}

function pathOf (file: string | URL): string { return resolve(file instanceof URL ? fileURLToPath(file) : file) }

function watchOptions (watch: boolean | WatchOptions = true): WatchOptions | undefined {
  return watch === false ? undefined : watch === true ? {} : watch
}

/**
 * Fastify plugin that checks the rules of each route, `config.allowedClients`, against the client's certificate. A
 * route without rules answers 403. Register it on the root instance, after `@peerkit/fastify-mtls` and before every
 * route, and await it.
 *
 * @throws PluginOrderError if it is registered too late, or in an encapsulated plugin
 * @throws AllowedClientsOptionError if an option is wrong
 * @throws RuleInvalidError if a rule or group is wrong
 * @throws RulesFileInvalidError if the rules file is refused
 * @example
 * ```ts
 * const app = Fastify(withMtls(credentials))
 * await app.register(fastifyMtls)
 * await app.register(fastifyAllowedClients, { groups: { billing: { ou: 'billing' } } })
 * app.get('/invoices', { config: { allowedClients: 'billing' } }, async () => [])
 * const { statusCode } = await injectAs(app, peer, '/invoices')
 * console.log(statusCode) // 200
 * await app.close()
 * ```
 */
const fastifyAllowedClients: FastifyPluginAsync<FastifyAllowedClientsOptions> = fp(allowedClients, {
  fastify: '5.x',
  name: '@peerkit/fastify-allowed-clients'
})
export default fastifyAllowedClients
