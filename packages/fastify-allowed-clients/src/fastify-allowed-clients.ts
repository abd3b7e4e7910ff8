import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PeerIdentity } from '@peerkit/identity'
import { addToApp } from '@peerkit/identity/internal'
import type { Groups } from '@peerkit/rules'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest, onRequestHookHandler, onRouteHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import type { AllowedClients, Mode } from './allowed-clients.ts'
import type { AllowedClientsControl, EvaluatedRoute } from './app-control.ts'
import { copyRules } from './copy-rules.ts'
import { MTLS_ERR_PLUGIN_ORDER } from './errors.ts'
import { guardRequest } from './guard-request.ts'
import type { RouteJudge } from './judge-route.ts'
import { authoritiesOf, watchAuthorities } from './known-authorities.ts'
import { isClosed, listRoute, printRoutes } from './list-routes.ts'
import type { ListedRoute } from './list-routes.ts'
import { LiveRules } from './live-rules.ts'
import { completeDocuments, markRoutes } from './openapi-document.ts'
import { countAhead, placeGuard, watchEarlierPlugins } from './place-guard.ts'
import { checkPluginOptions } from './plugin-options.ts'
import type { FastifyAllowedClientsOptions, ScopeOptions, WatchOptions } from './plugin-options.ts'
import { gateReply, kJudged } from './reply-gate.ts'
import type { JudgedRequest } from './reply-gate.ts'
import { NO_FILE, RuleBook } from './rule-book.ts'
import { RouteTable } from './route-table.ts'
import { UpgradedClients, admitWebSocket, asksForWebSocket } from './upgraded-clients.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Which clients may call this route. */
    allowedClients?: AllowedClients
    /** `report-only` lets through what this route's own rules would deny, and what those of an overridable scope would. */
    allowedClientsMode?: Mode
  }
  interface FastifyMtlsApp extends AllowedClientsControl {}
  interface FastifyInstance {
    /** Everything that the plugins of this suite add to an app. Read it on the instance that it is about. */
    readonly mtls: FastifyMtlsApp
  }
}

const EMPTY_TREE = '(empty tree)'

const allowedClients: FastifyPluginAsync<FastifyAllowedClientsOptions> = async (app, options) => {
  checkPluginOptions(options)
  checkPlace(app)
  const { defaultRules, notFoundRules, mode = 'enforce', openapi = true } = options
  const groups = copyRules((options.groups ?? {}) as Groups)
  const authorities = authoritiesOf(app)
  const code = { groups, defaultRules: copyRules(defaultRules) }
  const { log } = app
  const { file } = options
  const live = file === undefined ? undefined : new LiveRules(pathOf(file), code, { log, authorities })
  const warn = (path: string, warning: string): void => { log.warn({ path }, warning) }
  const book = live === undefined ? new RuleBook(groups, defaultRules, NO_FILE, { authorities, warn }) : await live.load()
  const table = new RouteTable({ mode, notFoundRules }, book)
  const upgraded = new UpgradedClients()

  const onRoute: onRouteHookHandler = function (route) {
    table.addRoute(this, route)
    if (openapi) completeDocuments(app)
  }
  app.addHook('onRoute', onRoute)
  watchEarlierPlugins(app, onRoute)
  await addGuard(app, (request) => judgeOf(table, request), upgraded)
  decorate(app, table, live)

  app.addHook('onReady', async () => {
    table.seal()
    if (openapi) {
      completeDocuments(app)
      markRoutes(table.list())
    }
    reportClosed(app, table)
    live?.start((next) => {
      table.replace(next)
      upgraded.judgeAgain((request) => judgeOf(table, request))
    }, watchOptions(options.watch))
  })
  const unwatch = watchAuthorities(app, () => { table.recheck((path, text) => { log.warn({ path }, `since the authorities changed: ${text}`) }) })
  app.addHook('onClose', async () => {
    unwatch()
    await live?.close()
  })
}

/** @throws MTLS_ERR_PLUGIN_ORDER */
function checkPlace (app: FastifyInstance): void {
  // Encapsulated instances inherit from the one they were registered on.
  if (Object.getPrototypeOf(Object.getPrototypeOf(app)) !== null) {
    throw new MTLS_ERR_PLUGIN_ORDER('it was registered in an encapsulated plugin; register it on the root instance, or wrap every plugin around it with fastify-plugin. With fastify-cli these are app.js and the files of plugins/: export default fp(async (app, opts) => { … })')
  }
  if (!app.hasRequestDecorator('peer') || !app.hasRequestDecorator('optionalPeer')) {
    throw new MTLS_ERR_PLUGIN_ORDER('no plugin identifies the clients yet; register @peerkit/fastify-mtls first, and await it. With @fastify/autoload, register both in one file')
  }
  const tree = app.printRoutes()
  // A route of a plugin that was registered before has passed the onRoute hooks already: its rules were never read.
  if (!tree.startsWith(EMPTY_TREE)) throw new MTLS_ERR_PLUGIN_ORDER(`these routes were added before it; register it first, and await it. With @fastify/autoload, name its plugin in the dependencies of the plugins that add them. With NestJS, register it before app.init():\n${tree}`)
}

async function addGuard (app: FastifyInstance, judge: (request: FastifyRequest) => RouteJudge, upgraded: UpgradedClients): Promise<void> {
  let isGated = false
  const guard: onRequestHookHandler = function guardAllowedClients (request, reply, done) {
    if (isGated) (request as JudgedRequest)[kJudged] = true
    if (asksForWebSocket(request)) return admitWebSocket(request, reply, judge, upgraded) as unknown as void
    const guarded = guardRequest(request, judge)
    if (guarded === undefined) done()
    else return guarded as unknown as void
  }
  app.addHook('onRequest', guard)
  await app.after()
  placeGuard(app, guard)
  isGated = countAhead(app, guard) > 0
  if (!isGated) return
  app.decorateRequest(kJudged as unknown as string, false)
  app.addHook('onSend', gateReply((request) => guardRequest(request, judge)))
}

function judgeOf (table: RouteTable, request: FastifyRequest): RouteJudge {
  return request.is404 ? table.judgeMissing(request.server) : table.judgeOf(request.routeOptions.config)
}

function decorate (app: FastifyInstance, table: RouteTable, live: LiveRules | undefined): void {
  const routes = (): readonly ListedRoute[] => table.list().map(({ judge }) => listRoute(judge))
  const addScope = (instance: FastifyInstance, rules: AllowedClients | undefined, options: ScopeOptions): void => {
    table.addScope(instance, instance.prefix === '' ? '/' : instance.prefix, rules, options)
  }
  const evaluate = (peer: PeerIdentity | null): readonly EvaluatedRoute[] => routes().map((route) => ({ methods: route.methods, url: route.url, ...route.evaluate(peer) }))
  const members: { readonly [name in keyof AllowedClientsControl]: (instance: FastifyInstance) => AllowedClientsControl[name] } = {
    // Undefined, too, is a mistake and no wish for the default: it is refused where rules are compiled.
    allow: (instance) => (rules, options = {}) => { addScope(instance, rules ?? (null as never), options) },
    setMode: (instance) => (mode) => { addScope(instance, undefined, { mode }) },
    routes: () => routes,
    printRoutes: () => () => printRoutes(routes()),
    evaluate: () => evaluate,
    reload: () => async () => { await live?.reload() },
    rulesVersion: () => live?.generation ?? 0
  }
  addToApp(app, members)
}

/** A route that was forgotten answers 403. Its author should read that in the log before a client sees it. */
function reportClosed (app: FastifyInstance, table: RouteTable): void {
  const closed = table.list().filter(({ judge }) => isClosed(judge)).flatMap(({ judge: { route: { site } } }) => site.methods.map((method) => `${method} ${site.url}`))
  if (closed.length > 0) app.log.warn({ routes: closed }, 'routes without access rules answer 403 to every client')
}

function pathOf (file: string | URL): string { return resolve(file instanceof URL ? fileURLToPath(file) : file) }

function watchOptions (watch: boolean | WatchOptions = true): WatchOptions | undefined {
  return watch === false ? undefined : watch === true ? {} : watch
}

/**
 * Says on each route which clients may call it, by `config.allowedClients`. A route without rules answers 403. Register
 * it on the root instance, after `@peerkit/fastify-mtls` and before every route, and await it.
 *
 * @throws MTLS_ERR_PLUGIN_ORDER, MTLS_ERR_ALLOWED_CLIENTS_OPTION, MTLS_ERR_RULE_INVALID, MTLS_ERR_RULES_FILE_INVALID
 * @example
 * ```ts
 * await app.register(fastifyAllowedClients, { groups: { billing: { ou: 'billing' } } })
 * app.get('/invoices', { config: { allowedClients: 'billing' } }, async () => [])
 * ```
 */
const fastifyAllowedClients: FastifyPluginAsync<FastifyAllowedClientsOptions> = fp(allowedClients, {
  fastify: '5.x',
  name: '@peerkit/fastify-allowed-clients'
})
export default fastifyAllowedClients
