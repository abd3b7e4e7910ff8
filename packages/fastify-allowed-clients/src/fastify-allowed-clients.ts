import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Groups } from '@peerkit/rules'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest, onRequestHookHandler, onRouteHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import type { AllowedClients, Mode } from './allowed-clients.ts'
import { everyIdentified, nobody } from './audience.ts'
import { copyRules } from './copy-rules.ts'
import { MTLS_ERR_GUARD_MISPLACED, MTLS_ERR_ROUTES_BEFORE_PLUGIN } from './errors.ts'
import { guardRequest } from './guard-request.ts'
import type { RouteJudge } from './judge-route.ts'
import { authoritiesOf } from './known-authorities.ts'
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

/** What `app.allowedClients` offers. */
export interface AllowedClientsControl {
  /** Every route with who may call it, and how its requests fared. */
  routes (): readonly ListedRoute[]
  /** Reads the rules file again, now. Rejects with MTLS_ERR_RULES_FILE_INVALID where it is refused; resolves at once without a file. */
  reload (): Promise<void>
  /** Counts the accepted states of the rules file, from 1; 0 without a file. */
  readonly generation: number
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call this route: whoever any of these rules allows. */
    allowedClients?: AllowedClients
    /** `report` lets through what this route's own rules would deny. A scope's rules only where the scope may be widened. */
    allowedClientsMode?: Mode
  }
  interface FastifyInstance {
    /** Sets rules for all routes of this encapsulated plugin and of those inside it. A route's own rules narrow them, unless `mayWiden`. */
    allowClients (options: ScopeOptions): this
    /** Every route with who may call it, as text. */
    printAllowedClients (): string
    readonly allowedClients: AllowedClientsControl
  }
}

const EMPTY_TREE = '(empty tree)'

const allowedClients: FastifyPluginAsync<FastifyAllowedClientsOptions> = async (app, options) => {
  checkPluginOptions(options)
  checkPlace(app)
  const { rules, notFound, unruledRoutes = 'deny', mode = 'enforce', openapi = true } = options
  const clients = copyRules((options.clients ?? {}) as Groups)
  const authorities = authoritiesOf(app)
  const code = { clients, rules: copyRules(rules) }
  const { log } = app
  const { file } = options
  const live = file === undefined ? undefined : new LiveRules(pathOf(file), code, { log, authorities })
  const warn = (path: string, warning: string): void => { log.warn({ path }, warning) }
  const book = live === undefined ? new RuleBook(clients, rules, NO_FILE, { authorities, warn }) : await live.load()
  const table = new RouteTable({ mode, notFound, unruled: unruledRoutes === 'allow' ? everyIdentified : nobody }, book)
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
  app.addHook('onClose', async () => { await live?.close() })
}

/** @throws MTLS_ERR_GUARD_MISPLACED, MTLS_ERR_ROUTES_BEFORE_PLUGIN */
function checkPlace (app: FastifyInstance): void {
  // Encapsulated instances inherit from the one they were registered on.
  if (Object.getPrototypeOf(Object.getPrototypeOf(app)) !== null) throw new MTLS_ERR_GUARD_MISPLACED('it was registered in an encapsulated plugin; expected the root instance, or a plugin wrapped by fastify-plugin')
  const tree = app.printRoutes()
  // A route of a plugin that was registered before has passed the onRoute hooks already: its rules were never read.
  if (!tree.startsWith(EMPTY_TREE)) throw new MTLS_ERR_ROUTES_BEFORE_PLUGIN(tree)
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
  const control: AllowedClientsControl = {
    routes,
    reload: async () => { await live?.reload() },
    get generation () { return live?.generation ?? 0 }
  }
  app.decorate('allowClients', function (this: FastifyInstance, scope: ScopeOptions) {
    table.addScope(this, this.prefix === '' ? '/' : this.prefix, scope)
    return this
  } as FastifyInstance['allowClients'])
  app.decorate('allowedClients', Object.freeze(control))
  app.decorate('printAllowedClients', () => printRoutes(routes()))
}

/** What is forgotten is closed, and its author should hear of it before a client does. */
function reportClosed (app: FastifyInstance, table: RouteTable): void {
  const closed = table.list().filter(({ judge }) => isClosed(judge)).flatMap(({ judge: { route: { site } } }) => site.methods.map((method) => `${method} ${site.url}`))
  if (closed.length > 0) app.log.warn({ routes: closed }, 'routes without rules are closed')
}

function pathOf (file: string | URL): string { return resolve(file instanceof URL ? fileURLToPath(file) : file) }

function watchOptions (watch: boolean | WatchOptions = true): WatchOptions | undefined {
  return watch === false ? undefined : watch === true ? {} : watch
}

/** Gives routes `config.allowedClients`. Register it on the root instance, after `@peerkit/fastify-mtls` and before every route. */
const fastifyAllowedClients: FastifyPluginAsync<FastifyAllowedClientsOptions> = fp(allowedClients, {
  fastify: '5.x',
  name: '@peerkit/fastify-allowed-clients',
  decorators: { request: ['peer', 'optionalPeer'] }
})
export default fastifyAllowedClients
