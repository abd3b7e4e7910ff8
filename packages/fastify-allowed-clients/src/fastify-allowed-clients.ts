import { compileGroups, compileRules } from '@peerkit/rules'
import type { Authorizer, Groups, RuleSet } from '@peerkit/rules'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { MTLS_ERR_ALLOWED_CLIENTS_OPTION, MTLS_ERR_ROUTES_BEFORE_PLUGIN } from './errors.ts'
import { guardRequest } from './guard-request.ts'
import type { GuardedRoute, Mode } from './guarded-route.ts'
import { checkKeys, checkMode } from './option-check.ts'
import { RouteTable } from './route-table.ts'
import { hasOwnScope, scopeOf, setScope } from './scope.ts'

/** Declare your groups here to have their names checked: `declare module '@peerkit/fastify-allowed-clients' { interface AllowedClientsGroups { billing: true } }`. */
export interface AllowedClientsGroups {}

/** The names of the declared groups; any string where none is declared. */
export type GroupName = [keyof AllowedClientsGroups] extends [never] ? string : Extract<keyof AllowedClientsGroups, string>

/** Rules of a route or a scope. */
export type AllowedClients = RuleSet<GroupName, FastifyRequest>

export interface FastifyAllowedClientsOptions {
  /** Groups that rules name: `{ billing: { ou: 'billing' } }`. */
  readonly clients?: Groups
  /** For routes that have no rules of their own and stand in no scope with rules. */
  readonly rules?: AllowedClients
  /** `deny` (default): a route without any rules is closed. `allow`: it is open to every identified peer. */
  readonly unruledRoutes?: 'deny' | 'allow'
  /** `report` lets through what the rules would deny, and says so. Default `enforce`. */
  readonly mode?: Mode
}

export interface ScopeOptions {
  readonly rules?: AllowedClients
  /** Let a route's own rules stand in place of these. Default false: both must allow. */
  readonly mayWiden?: boolean
  readonly mode?: Mode
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call this route: any of these rules. */
    allowedClients?: AllowedClients
    allowedClientsMode?: Mode
  }
  interface FastifyInstance {
    /** Sets rules for all routes of this encapsulated plugin and of those inside it. */
    allowClients (options: ScopeOptions): this
    /** Every route with who may call it, as text. */
    printAllowedClients (): string
    /** The same as data. */
    allowedClientsRoutes (): GuardedRoute[]
  }
}

const KNOWN = ['clients', 'rules', 'unruledRoutes', 'mode']
const EMPTY_TREE = '(empty tree)'

const allowedClients: FastifyPluginAsync<FastifyAllowedClientsOptions> = async (app, options) => {
  checkKeys(options, KNOWN, '@peerkit/fastify-allowed-clients')
  checkMode(options.mode, 'mode')
  const { clients = {}, unruledRoutes = 'deny', mode = 'enforce' } = options
  if (unruledRoutes !== 'deny' && unruledRoutes !== 'allow') throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION(`unruledRoutes is ${JSON.stringify(unruledRoutes)}; expected "deny" or "allow"`)
  const tree = app.printRoutes()
  // A route of a plugin that was registered before has hooks of its own already, without ours.
  if (!tree.startsWith(EMPTY_TREE)) throw new MTLS_ERR_ROUTES_BEFORE_PLUGIN(tree)
  const groups = compileGroups(clients, { path: 'clients' })
  const compile = (rules: RuleSet, path: string): Authorizer => {
    const authorizer = compileRules(rules, { groups, groupsPath: 'clients', path })
    for (const warning of authorizer.warnings) app.log.warn({ path }, warning)
    return authorizer
  }
  const defaults = options.rules === undefined ? undefined : compile(options.rules as RuleSet, 'rules')
  const table = new RouteTable({ compile, defaults, open: unruledRoutes === 'allow', mode })

  app.addHook('onRoute', function (route) { table.add(this, route) })
  app.addHook('onRequest', function (request, _reply, done) {
    const judge = request.is404 ? table.judgeNotFound(request.server) : table.judgeOf(request.routeOptions.config) ?? table.judgeNotFound(request.server)
    const guarded = guardRequest(request, judge)
    if (guarded === undefined) done()
    else guarded.then(() => { done() }, done)
  })

  app.decorate('allowClients', function (this: FastifyInstance, scope: ScopeOptions) {
    const where = `scope ${this.prefix === '' ? '/' : this.prefix}`
    checkKeys(scope, ['rules', 'mayWiden', 'mode'], where)
    checkMode(scope.mode, `${where}: mode`)
    if (hasOwnScope(this)) throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION(`${where} has its rules already; expected allowClients once a scope`)
    const authorizer = scope.rules === undefined ? undefined : compile(scope.rules as RuleSet, `${where}: rules`)
    setScope(this, { prefix: this.prefix === '' ? '/' : this.prefix, authorizer, mayWiden: scope.mayWiden === true, mode: scope.mode, parent: scopeOf(Object.getPrototypeOf(this)) })
    return this
  } as any)
  app.decorate('allowedClientsRoutes', () => table.routes())
  app.decorate('printAllowedClients', () => table.routes().map(printRoute).join(''))
}

function printRoute ({ methods, url, requirements, open, mode }: GuardedRoute): string {
  const who = requirements.length > 0 ? requirements.map(({ authorizer }) => authorizer.describe()).join(' and ') : open ? 'every identified peer' : 'nobody (no rules)'
  return `${methods.join(',')} ${url}${mode === 'report' ? ' [report]' : ''}: ${who}\n`
}

/** Gives routes `config.allowedClients`. Register it after @peerkit/fastify-mtls and before every route. */
const fastifyAllowedClients: FastifyPluginAsync<FastifyAllowedClientsOptions> = fp(allowedClients, {
  fastify: '5.x',
  name: '@peerkit/fastify-allowed-clients',
  decorators: { request: ['peer', 'optionalPeer'] }
})
export default fastifyAllowedClients
